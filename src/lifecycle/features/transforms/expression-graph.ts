import {
  doubleTensor,
  elementType,
  float,
  floats,
  int64Tensor,
  integer,
  node,
  strings,
  text,
  type Node,
  type Tensor,
} from '#platform/onnx/index'
import { isText, type Expression, type NumberExpression, type TextExpression } from './expression.ts'

/** Nodes that compute expressions from graph inputs of doubles `[N, 1]` and texts `[N, 1]`, named as the columns. */
export interface ExpressionGraph {
  readonly nodes: readonly Node[]
  readonly initializers: readonly Tensor[]
  /** Beside the usual ones. */
  readonly operatorSets: readonly { readonly domain?: string; readonly version: number }[]
}

/** The name of a wire that holds an expression: a double or a text `[N, 1]`; numbers also as a float. */
export interface GraphWriter {
  wire(expression: Expression): string
  floatWire(expression: NumberExpression): string
  graph(): ExpressionGraph
}

const prefix = 'features/'
const labelEncoder = { type: 'LabelEncoder', domain: 'ai.onnx.ml' }

export function createGraphWriter(): GraphWriter {
  const nodes: Node[] = []
  const initializers: Tensor[] = []
  const wires = new Map<string, string>()
  let usesHash = false

  const fresh = (): string => `${prefix}${nodes.length}`
  /** A node with one output; the same node on the same wires is written once. */
  const emit = (
    operator: { readonly type: string; readonly domain?: string },
    inputs: readonly string[],
    attributes: Parameters<typeof node>[2] = {},
  ): string => {
    const key = `${operator.type} ${inputs.join(' ')} ${JSON.stringify(attributes, bytesAsText)}`
    const found = wires.get(key)
    if (found !== undefined) return found
    const output = fresh()
    nodes.push(node(operator, { inputs, outputs: [output] }, attributes))
    wires.set(key, output)
    return output
  }
  const doubles = (values: readonly number[], dims: readonly number[]): string => {
    const key = `double ${dims.join('x')} ${values.join(' ')}`
    const found = wires.get(key)
    if (found !== undefined) return found
    const name = `${prefix}c${initializers.length}`
    initializers.push(doubleTensor(name, dims, values))
    wires.set(key, name)
    return name
  }
  const wholes = (values: readonly number[]): string => {
    const key = `whole ${values.join(' ')}`
    const found = wires.get(key)
    if (found !== undefined) return found
    const name = `${prefix}c${initializers.length}`
    initializers.push(int64Tensor(name, [values.length], values))
    wires.set(key, name)
    return name
  }
  const cast = (wire: string, type: keyof typeof elementType): string =>
    emit({ type: 'Cast' }, [wire], { to: integer(elementType[type]) })
  const scalar = (value: number): string => doubles([value], [1])
  const nan = scalar.bind(undefined, Number.NaN)
  const choose = (condition: string, then: string, otherwise: string): string =>
    emit({ type: 'Where' }, [condition, then, otherwise])

  const wire = (expression: Expression): string =>
    isText(expression) ? textWire(expression) : numberWire(expression)

  const textWire = (expression: TextExpression): string => {
    if (expression.kind === 'text') return expression.column
    const of = textWire(expression.of)
    // A string constant would need a field of the format that only this would use; an encoder that knows '' alone gives it.
    const filler = emit(labelEncoder, [of], {
      keys_strings: strings(['']),
      values_strings: strings([expression.value]),
      default_string: text(expression.value),
    })
    return choose(emit({ type: 'Equal' }, [of, emptyLike(of)]), filler, of)
  }
  const emptyLike = (of: string): string =>
    emit(labelEncoder, [of], {
      keys_strings: strings(['']),
      values_strings: strings(['']),
      default_string: text(''),
    })

  const numberWire = (expression: NumberExpression): string => {
    switch (expression.kind) {
      case 'number':
        return expression.column
      case 'constant':
        return scalar(expression.value)
      case 'apply': {
        const of = numberWire(expression.of)
        if (expression.operation !== 'log') return emit({ type: operators[expression.operation] }, [of])
        return choose(emit({ type: 'Greater' }, [of, scalar(0)]), emit({ type: 'Log' }, [of]), nan())
      }
      case 'combine': {
        const [left, right] = [numberWire(expression.left), numberWire(expression.right)]
        const combined = emit({ type: operators[expression.operation] }, [left, right])
        if (expression.operation !== 'divide' || expression.right.kind === 'constant') return combined
        return choose(emit({ type: 'Equal' }, [right, scalar(0)]), nan(), combined)
      }
      case 'fill':
        return filled(numberWire(expression.of), scalar(expression.value))
      case 'edges': {
        const of = numberWire(expression.of)
        const reached = emit({ type: 'GreaterOrEqual' }, [
          of,
          doubles(expression.edges, [1, expression.edges.length]),
        ])
        const count = emit({ type: 'ReduceSum' }, [cast(reached, 'double'), wholes([1])])
        return filled(of, nan(), count)
      }
      case 'number_levels': {
        const { levels, values, otherwise, missing } = expression
        const of = numberWire(expression.of)
        // Levels differ from each other, so at most one is met and the sum is its value or nothing.
        const met = emit({ type: 'Equal' }, [of, doubles(levels, [1, levels.length])])
        const isMet = emit({ type: 'Greater' }, [
          emit({ type: 'ReduceSum' }, [cast(met, 'double'), wholes([1])]),
          scalar(0),
        ])
        const chosen = choose(
          met,
          doubles(
            values.map((value) => value ?? Number.NaN),
            [1, levels.length],
          ),
          scalar(0),
        )
        const value = emit({ type: 'ReduceSum' }, [chosen, wholes([1])])
        return filled(
          of,
          scalar(missing ?? Number.NaN),
          choose(isMet, value, scalar(otherwise ?? Number.NaN)),
        )
      }
      case 'text_levels': {
        const { levels, values, otherwise, missing } = expression
        // Places first and doubles then: the encoder itself knows floats only.
        const place = emit(labelEncoder, [textWire(expression.of)], {
          keys_strings: strings(['', ...levels]),
          values_floats: floats([0, ...levels.map((_, i) => i + 1)]),
          default_float: float(levels.length + 1),
        })
        const all = [missing, ...values, otherwise].map((value) => value ?? Number.NaN)
        return emit({ type: 'Gather' }, [doubles(all, [all.length]), cast(place, 'int64')])
      }
      case 'hash': {
        usesHash = true
        const hits = hashWire(expression)
        return cast(
          emit({ type: 'Gather' }, [hits, wholes([expression.bucket])], { axis: integer(1) }),
          'double',
        )
      }
    }
  }

  /** `then` where the number is missing, `otherwise` (the number itself when left out) where it is not. */
  const filled = (of: string, then: string, otherwise = of): string =>
    choose(emit({ type: 'IsNaN' }, [of]), then, otherwise)

  /** Hits of all buckets, `[N, buckets]`: once for all that read one of them. */
  const hashWire = ({ of, buckets, words }: Extract<NumberExpression, { kind: 'hash' }>): string => {
    const own = textWire(of)
    const parts = words ? split(own) : own
    const hash = emit({ type: 'MurmurHash3', domain: 'com.microsoft' }, [parts], { positive: integer(1) })
    const bucket = emit({ type: 'Mod' }, [cast(hash, 'int64'), wholes([buckets])])
    const isEmpty = emit({ type: 'Equal' }, [parts, emptyLike(parts)])
    // No bucket has this number, so nothing is hit.
    const hit = choose(isEmpty, wholes([buckets]), bucket)
    const matrix = emit({ type: 'Equal' }, [
      emit({ type: 'Unsqueeze' }, [hit, wholes([-1])]),
      wholes(Array.from({ length: buckets }, (_, i) => i)),
    ])
    // [N, 1, buckets], or [N, 1, words, buckets].
    return emit({ type: 'ReduceSum' }, [cast(matrix, 'float'), wholes(words ? [1, 2] : [1])], {
      keepdims: integer(0),
    })
  }
  const split = (own: string): string => {
    const key = `split ${own}`
    const found = wires.get(key)
    if (found !== undefined) return found
    const output = fresh()
    nodes.push(
      node(
        { type: 'StringSplit' },
        { inputs: [own], outputs: [output, `${output}/count`] },
        { delimiter: text(' ') },
      ),
    )
    wires.set(key, output)
    return output
  }

  return {
    wire,
    floatWire: (expression) => cast(numberWire(expression), 'float'),
    graph: () => ({
      nodes,
      initializers,
      // Comparing texts came with 19, splitting them with 20.
      operatorSets: [{ version: 20 }, ...(usesHash ? [{ domain: 'com.microsoft', version: 1 }] : [])],
    }),
  }
}

const operators = {
  floor: 'Floor',
  sin: 'Sin',
  cos: 'Cos',
  add: 'Add',
  subtract: 'Sub',
  multiply: 'Mul',
  divide: 'Div',
} as const

function bytesAsText(_key: string, value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value
}
