import type { ScorableModel } from './scorer-point.ts'

/** The model that a candidate must not be worse than; `unavailable` when there is one that cannot be loaded. */
export type Champion =
  | { readonly status: 'found'; readonly name: string; readonly model: ScorableModel }
  | { readonly status: 'none' }
  | { readonly status: 'unavailable'; readonly name: string; readonly reason: string }

/** Extension point: where the champion of a model comes from. The registry fills it. */
export interface ChampionSource {
  champion(model: string): Promise<Champion>
}
