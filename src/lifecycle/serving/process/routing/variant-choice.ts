import type { IncomingHttpHeaders } from 'node:http'
import { fail } from '#contract/errors'
import { headerText } from '../http/http-call.ts'
import type { ServedDeployment, ServedVariant } from './served-deployment.ts'

/** What a request says about who shall answer. */
export interface RouteFacts {
  readonly headers: IncomingHttpHeaders
  readonly key: string | undefined
}

/** Chooses a variant on purpose, to try it; only where the release says `preview: true`. */
export const variantHeader = 'x-devmlops-variant'

/** The variant for a request whose rows go together: the one asked for, or by what its deployment sticks to, or its id. */
export function chooseVariant(deployment: ServedDeployment, facts: RouteFacts, id: string): ServedVariant {
  return variantChooser(deployment, facts)(facts.key, id)
}

export type VariantChooser = (key: string | undefined, id: string) => ServedVariant

/** The same for requests that are split by row. Fails at once when the request asks for a variant that it may not have. */
export function variantChooser(deployment: ServedDeployment, { headers }: RouteFacts): VariantChooser {
  const asked = headers[variantHeader]
  if (asked !== undefined) {
    const forced = askedVariant(deployment, String(asked))
    return () => forced
  }
  const { split } = deployment
  const { by, header } = deployment.plan.sticky
  if (by === 'key') return (key, id) => split.choose(key ?? id)
  const shared = header === undefined ? undefined : headerText(headers, header)
  return (_, id) => split.choose(shared ?? id)
}

function askedVariant({ plan, variants }: ServedDeployment, name: string): ServedVariant {
  if (!plan.rollout.preview) {
    fail('permission_denied', `Nobody may choose a variant of ${plan.name} by ${variantHeader}.`, {
      at: `header ${variantHeader}`,
      hint: 'Leave the header out, or say `preview: true` in the release of the deployment.',
    })
  }
  return (
    variants.find((variant) => variant.name === name) ??
    fail('not_found', `${plan.name} has no variant "${name.slice(0, 60)}".`, {
      at: `header ${variantHeader}`,
      hint: `It has ${variants.map((variant) => variant.name).join(', ')}.`,
    })
  )
}
