import {
  columnNameOf,
  featuresNamed,
  isEntityView,
  requireView,
  type ViewsConfig,
} from '../views/feature-view.ts'
import type { FeatureRequest } from './fit-feature.ts'

/**
 * The features that `view.feature` or `view.*` names; undefined when it names no view, and so is a column.
 *
 * @throws not_found for a feature that the view does not have
 */
export function requestFeatures(views: ViewsConfig, reference: string): FeatureRequest[] | undefined {
  const dot = reference.indexOf('.')
  if (dot === -1 || !Object.hasOwn(views, reference.slice(0, dot))) return undefined
  return featuresNamed(views, reference).flatMap(({ view: name, feature }) => {
    const view = requireView(views, name)
    const config = view.features[feature]
    if (config === undefined) return []
    return [
      {
        name: `${name}.${feature}`,
        config,
        view: { name, feature },
        // A join made the column; what follows is of the row.
        ...(isEntityView(view) ? { column: columnNameOf(name, feature) } : {}),
      },
    ]
  })
}
