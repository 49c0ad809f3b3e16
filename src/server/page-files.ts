import { readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
}

export function isAsset(path: string): boolean {
  return path.startsWith('/assets/')
}

/** A file of the built web page; any path outside of `/assets/` is the page itself, which reads the path. */
export async function pageFile(directory: string, path: string): Promise<Response | undefined> {
  const asset = isAsset(path)
  // One name without a slash, so that no path leads out of the folder.
  if (asset && !/^\/assets\/\w[\w.-]*$/.test(path)) return undefined
  const name = asset ? path.slice(1) : 'index.html'
  const bytes = await readFile(join(directory, name)).catch(() => undefined)
  if (bytes === undefined) return undefined
  // Assets carry their digest in the name and never change; the page that names them must be asked for each time.
  const cache = asset ? 'public, max-age=31536000, immutable' : 'no-cache'
  return new Response(bytes, {
    headers: {
      'content-type': contentTypes[extname(name)] ?? 'application/octet-stream',
      'cache-control': cache,
    },
  })
}
