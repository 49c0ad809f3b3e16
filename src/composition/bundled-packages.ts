import { existsSync } from 'node:fs'
import { registerHooks } from 'node:module'

/**
 * Packages that are loaded at nearly every start and are made of many small files (422 together). Node finds, opens and
 * links each file on its own: kysely takes 130 ms of processor time as 255 files and 14 ms as one, zod 45 and 25, yaml
 * 23 and 7. `npm install` writes them as one file each (`packages.config.ts`).
 */
export const bundledPackages = ['kysely', 'yaml', 'zod'] as const

const directory = new URL('../../dist/packages/', import.meta.url)

/** From here on those packages come from `dist/packages`, where it is built; otherwise from `node_modules` as ever. */
export function useBundledPackages(): void {
  if (!existsSync(directory)) return
  const urls = new Map<string, string>(
    bundledPackages.map((name) => [name, new URL(`${name}.js`, directory).href]),
  )
  registerHooks({
    resolve: (specifier, context, next) => {
      const url = urls.get(specifier)
      return url === undefined ? next(specifier, context) : { url, format: 'module', shortCircuit: true }
    },
  })
}
