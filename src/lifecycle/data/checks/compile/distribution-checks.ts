import { Uncheckable, type CompiledCheck } from '../compiled-check.ts'
import type { distributionForms } from '../forms/distribution-forms.ts'
import type { CompilersOf } from './compilers.ts'

const later = (): CompiledCheck => {
  throw new Uncheckable('distributions are not compared yet')
}

export const compileDistributions: CompilersOf<keyof typeof distributionForms> = {
  kl_divergence: later,
  js_divergence: later,
  l_infinity: later,
  psi: later,
  ks_distance: later,
  cramers_v: later,
  emd: later,
  chi_square_test: later,
  ks_test: later,
  bootstrapped_ks_test: later,
  cramers_phi: later,
}
