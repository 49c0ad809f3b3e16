import { float, floats, node, strings } from '#platform/onnx/index'
import type { Node } from '#platform/onnx/index'
import type { Level, RawFeature } from '#lifecycle/training/index'

const labelEncoder = { type: 'LabelEncoder', domain: 'ai.onnx.ml' }

export interface LevelValues {
  readonly levels: readonly Level[]
  /** One a level. */
  readonly values: ArrayLike<number>
  /** For missing values and for levels that are not listed. */
  readonly otherwise: number
}

/** A node that replaces the levels of the raw column by numbers, `[N, 1]` to float `[N, 1]`. */
export function encodeLevels(feature: RawFeature, output: string, map: LevelValues): Node {
  // An encoder without keys is not valid; a key that no column can hold stands in.
  const none = map.levels.length === 0
  const keys =
    feature.raw === 'text'
      ? { keys_strings: strings(none ? [''] : map.levels.map(String)) }
      : { keys_floats: floats(none ? [0] : map.levels.map(Number)) }
  return node(
    labelEncoder,
    { inputs: [feature.name], outputs: [output] },
    {
      ...keys,
      values_floats: floats(none ? [map.otherwise] : map.values),
      default_float: float(map.otherwise),
    },
  )
}
