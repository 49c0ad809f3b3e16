/** A in the boundary: the one for which Howard and Ramdas give their example. */
const factor = 0.85

/**
 * How far an empirical distribution function may be from the true one anywhere, by the number of values: at all numbers from
 * `from` on together it is no further, with a chance of at least 1 - alpha. The Dvoretzky-Kiefer-Wolfowitz inequality made
 * uniform over time: Howard and Ramdas, "Sequential estimation of quantiles with applications to A/B testing and best-arm
 * identification", Bernoulli 28 (2022): A √((log log(e n / from) + C) / n) with the least C that their bound allows.
 */
export function distributionRadius({
  from,
  alpha,
}: {
  from: number
  alpha: number
}): (values: number) => number {
  const constant = leastConstant(alpha)
  return (values) => {
    if (values < from) return 1
    const iterated = Math.log(Math.log((Math.E * values) / from))
    return Math.min(1, factor * Math.sqrt((iterated + constant) / values))
  }
}

function leastConstant(alpha: number): number {
  let [low, high] = [1, 100]
  for (let step = 0; step < 50; step++) {
    const middle = (low + high) / 2
    if (errorChance(middle) > alpha) low = middle
    else high = middle
  }
  return high
}

/** The bound on the chance of error for a C, minimized over the ratio of the epochs in its proof. */
function errorChance(constant: number): number {
  let least = Number.POSITIVE_INFINITY
  for (let ratio = 1.002; ratio < 1.5; ratio += 0.002) {
    const gap = factor - Math.sqrt((2 * (ratio - 1)) / constant)
    const gamma = Math.sqrt(2 / ratio) * gap
    if (gap <= 0 || gamma <= 1) continue
    const chance = 4 * Math.exp(-gamma * gamma * constant) * (1 + 1 / ((gamma * gamma - 1) * Math.log(ratio)))
    least = Math.min(least, chance)
  }
  return least
}
