import type { ViewConfig } from './views/feature-view.ts'

/** That features of a view, as it was defined then, went into something. */
export interface ViewUse {
  readonly view: string
  readonly definition: ViewConfig
  readonly features: readonly string[]
  /** A step of a pipeline run, or the run of a model that learned from them. */
  readonly user: { readonly kind: 'step' | 'run'; readonly id: string; readonly name: string }
  readonly actor: string
}
