/** Never rounds some to none. */
export function formatShare(share: number): string {
  const percent = share * 100
  return percent > 0 && percent < 0.1 ? '< 0.1 %' : `${Number(percent.toPrecision(3))} %`
}
