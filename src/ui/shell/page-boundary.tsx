import { Component, type ReactNode } from 'react'
import { ErrorNotice } from '#ui/kit/notice'

/** Keeps a fault of one page to that page: the bar above it still leads elsewhere. */
export class PageBoundary extends Component<{ children: ReactNode }, { error: unknown }> {
  override state: { error: unknown } = { error: undefined }

  static getDerivedStateFromError(error: unknown): { error: unknown } {
    return { error }
  }

  override render(): ReactNode {
    if (this.state.error === undefined) return this.props.children
    return <ErrorNotice error={this.state.error} onRetry={() => this.setState({ error: undefined })} />
  }
}
