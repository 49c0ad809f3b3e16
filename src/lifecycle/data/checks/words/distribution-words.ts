import type { WordsOf } from '../expectation.ts'
import type { distributionForms } from '../forms/distribution-forms.ts'
import type { integrityForms } from '../forms/integrity-forms.ts'
import { nameWords, referenceWords } from './limit-words.ts'

interface Distance {
  readonly column: string
  readonly reference?: string | number | undefined
  readonly at_most: number | null
}

const distance =
  (name: string) =>
  ({ column, reference, at_most }: Distance): string =>
    `the ${name} of ${column} to ${referenceWords(reference)} is ${at_most === null ? 'anything' : `at most ${at_most}`}`

export const distributionWords: WordsOf<keyof typeof distributionForms | keyof typeof integrityForms> = {
  kl_divergence: distance('Kullback-Leibler divergence'),
  js_divergence: distance('Jensen-Shannon divergence'),
  l_infinity: distance('largest difference of a share'),
  psi: distance('population stability index'),
  ks_distance: distance('Kolmogorov-Smirnov distance'),
  cramers_v: distance("Cramér's V"),
  emd: distance('earth mover distance'),
  chi_square_test: ({ column, reference, p_value }) =>
    `${column} is spread like ${referenceWords(reference)} (chi-square test, p above ${p_value})`,
  ks_test: ({ column, reference, distribution, p_value }) =>
    `${column} is spread like ${distribution ?? referenceWords(reference)} (Kolmogorov-Smirnov test, p above ${p_value})`,
  bootstrapped_ks_test: ({ column, reference, p_value }) =>
    `${column} is spread like ${referenceWords(reference)} (bootstrapped Kolmogorov-Smirnov test, p above ${p_value})`,
  cramers_phi: ({ columns: [first, second], at_most }) =>
    `${first} and ${second} go together by at most ${at_most} (Cramér's phi)`,
  more_than_one_value: ({ column }) => `${column} has more than one value`,
  no_mixed_nulls: ({ column }) => `${column} has one way at the most to say that a value is missing`,
  no_mixed_types: ({ column }) => `${column} is all numbers or has none`,
  no_string_variants: ({ column }) => `no value of ${column} is spelled in two ways`,
  no_special_characters: ({ column }) => `no value of ${column} is nothing but punctuation`,
  no_conflicting_labels: ({ label, columns }) =>
    `rows that are equal in ${columns === undefined ? 'everything else' : nameWords(columns)} have the same ${label}`,
  no_duplicate_rows: ({ columns }) =>
    `no row is there twice${columns === undefined ? '' : ` as to ${nameWords(columns)}`}`,
  identifier_label_correlation: ({ identifier, label, at_most }) =>
    `${identifier} predicts ${label} with a score of at most ${at_most}`,
  feature_label_correlation: ({ label, at_most }) =>
    `no column by itself predicts ${label} with a score above ${at_most}`,
  class_balance: ({ column, minimum_ratio }) =>
    `the rarest ${column} is at least ${minimum_ratio} times as frequent as the most frequent one`,
  no_outlier_rows: ({ columns }) => `no row lies far from all others in ${nameWords(columns)}`,
}
