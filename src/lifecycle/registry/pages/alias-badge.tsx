import { Badge } from '#ui/kit/state-mark'
import { championAlias } from '../contract.ts'

/** `champion` is what answers, so it stands out. */
export function AliasBadge({ alias }: { alias: string }) {
  return <Badge tone={alias === championAlias ? 'accent' : 'quiet'}>{alias}</Badge>
}
