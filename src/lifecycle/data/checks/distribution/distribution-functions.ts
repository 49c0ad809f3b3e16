import { gammaSurvival, logGamma } from '#platform/statistics/distributions'
import { Uncheckable } from '../compiled-check.ts'

/** The distributions that values can be tested against, by the names of scipy.stats. */
export type DistributionName = 'norm' | 'uniform' | 'expon' | 'beta' | 'gamma' | 'chi2'
type Parameter = 'mean' | 'std_dev' | 'min' | 'max' | 'alpha' | 'beta' | 'df' | 'loc' | 'scale'
export type DistributionParameters = Readonly<Partial<Record<Parameter, number>>>

/** The chance of a value at or below `x`. */
export type DistributionFunction = (x: number) => number

const allowed: Readonly<Record<DistributionName, readonly Parameter[]>> = {
  norm: ['mean', 'std_dev'],
  uniform: ['min', 'max'],
  expon: ['loc', 'scale'],
  beta: ['alpha', 'beta', 'loc', 'scale'],
  gamma: ['alpha', 'loc', 'scale'],
  chi2: ['df', 'loc', 'scale'],
}
const required: readonly Parameter[] = ['alpha', 'beta', 'df']
const positive: readonly Parameter[] = ['std_dev', 'alpha', 'beta', 'df', 'scale']

/** @throws Uncheckable for parameters that the distribution does not have, lacks, or cannot have. */
export function distributionFunction(
  name: DistributionName,
  parameters: DistributionParameters,
): DistributionFunction {
  requireParameters(name, parameters)
  const {
    mean = 0,
    std_dev = 1,
    min = 0,
    max = 1,
    alpha = 1,
    beta = 1,
    df = 1,
    loc = 0,
    scale = 1,
  } = parameters
  const standard = (cdf: DistributionFunction): DistributionFunction => {
    return (x) => cdf((x - loc) / scale)
  }
  switch (name) {
    case 'norm':
      return (x) => normalCdf((x - mean) / std_dev)
    case 'uniform':
      return (x) => Math.min(1, Math.max(0, (x - min) / (max - min)))
    case 'expon':
      return standard((x) => (x <= 0 ? 0 : -Math.expm1(-x)))
    case 'gamma':
      return standard((x) => (x <= 0 ? 0 : 1 - gammaSurvival(alpha, x)))
    case 'chi2':
      return standard((x) => (x <= 0 ? 0 : 1 - gammaSurvival(df / 2, x / 2)))
    case 'beta':
      return standard((x) => incompleteBeta(alpha, beta, x))
  }
}

function requireParameters(name: DistributionName, parameters: DistributionParameters): void {
  const given = Object.keys(parameters) as Parameter[]
  const strange = given.find((one) => !allowed[name].includes(one))
  if (strange !== undefined) {
    throw new Uncheckable(`${name} has no parameter "${strange}"; it has ${allowed[name].join(', ')}`)
  }
  const missing = required.find((one) => allowed[name].includes(one) && parameters[one] === undefined)
  if (missing !== undefined) throw new Uncheckable(`${name} needs the parameter "${missing}"`)
  const wrong = positive.find((one) => (parameters[one] ?? 1) <= 0)
  if (wrong !== undefined) throw new Uncheckable(`the parameter "${wrong}" must be above 0`)
  if (name === 'uniform' && (parameters.min ?? 0) >= (parameters.max ?? 1)) {
    throw new Uncheckable('the parameter "min" must be below "max"')
  }
}

function normalCdf(z: number): number {
  // erfc(x) = Q(1/2, x²), taken on the side where no digits are lost.
  const tail = gammaSurvival(0.5, (z * z) / 2) / 2
  return z < 0 ? tail : 1 - tail
}

/** Regularized incomplete beta function, by Lentz's continued fraction (Numerical Recipes, 3rd ed., section 6.4). */
function incompleteBeta(a: number, b: number, x: number): number {
  if (x <= 0) return 0
  if (x >= 1) return 1
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x))
  // The fraction converges fast on one side of the mean; the other is its mirror image.
  return x < (a + 1) / (a + b + 2)
    ? (front * betaFraction(a, b, x)) / a
    : 1 - (front * betaFraction(b, a, 1 - x)) / b
}

function betaFraction(a: number, b: number, x: number): number {
  const away = (value: number): number => (Math.abs(value) < 1e-300 ? 1e-300 : value)
  let c = 1
  let d = 1 / away(1 - ((a + b) * x) / (a + 1))
  let value = d
  for (let m = 1; m < 1000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
    d = 1 / away(1 + even * d)
    c = away(1 + even / c)
    value *= d * c
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))
    d = 1 / away(1 + odd * d)
    c = away(1 + odd / c)
    const factor = d * c
    value *= factor
    if (Math.abs(factor - 1) < Number.EPSILON) break
  }
  return value
}
