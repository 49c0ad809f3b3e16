import { join } from 'node:path'
import { build } from 'vite'

/** Builds the page where the server looks for it. Nothing is removed: another test may be loading what it has built. */
export async function buildPage(): Promise<void> {
  await build({
    configFile: join(import.meta.dirname, '../../vite.config.ts'),
    logLevel: 'error',
    build: { emptyOutDir: false },
  })
}
