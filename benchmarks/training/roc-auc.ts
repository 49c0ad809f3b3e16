/** Area under the ROC curve by ranks; tied scores share their mean rank. */
export function rocAuc(labels: Float64Array, scores: Float64Array): number {
  const order = Uint32Array.from(scores.keys()).sort((a, b) => (scores[a] as number) - (scores[b] as number))
  let ranks = 0
  let positives = 0
  for (let begin = 0; begin < order.length;) {
    let end = begin
    while (end < order.length && scores[order[end] as number] === scores[order[begin] as number]) end++
    const rank = (begin + end + 1) / 2
    for (; begin < end; begin++) {
      const label = labels[order[begin] as number] as number
      ranks += label * rank
      positives += label
    }
  }
  return (ranks - (positives * (positives + 1)) / 2) / (positives * (labels.length - positives))
}
