/** What MLflow's page shows as text: also what other programs would run or render. */
const textExtensions = new Set(
  'txt log err cfg conf cnf cf ini properties prop hocon toml yaml yml xml json js py py3 csv tsv md rst ipynb MLmodel MLproject'.split(
    ' ',
  ),
)

const types = new Map([
  ['png', 'image/png'],
  ['jpg', 'image/jpeg'],
  ['jpeg', 'image/jpeg'],
  ['gif', 'image/gif'],
  ['bmp', 'image/bmp'],
  ['webp', 'image/webp'],
  ['svg', 'image/svg+xml'],
  ['tif', 'image/tiff'],
  ['tiff', 'image/tiff'],
  ['pdf', 'application/pdf'],
  ['htm', 'text/html'],
  ['html', 'text/html'],
  ['css', 'text/css'],
  ['mp3', 'audio/mpeg'],
  ['wav', 'audio/x-wav'],
  ['mp4', 'video/mp4'],
  ['webm', 'video/webm'],
  ['zip', 'application/zip'],
  ['tar', 'application/x-tar'],
])

/** By the name alone: what the uploader said of it is not asked. */
export function artifactType(path: string): string {
  const name = path.split('/').at(-1) ?? ''
  const dot = name.lastIndexOf('.')
  const extension = dot > 0 ? name.slice(dot + 1) : name
  if (textExtensions.has(extension)) return 'text/plain'
  return types.get(extension.toLowerCase()) ?? 'application/octet-stream'
}

/** Always an attachment, so that no page of the server's own origin can be uploaded (RFC 6266, RFC 5987). */
export function attachmentOf(path: string): string {
  const name = path.split('/').at(-1) ?? ''
  if (/^[\w!#$&+^`|~.-]+$/.test(name)) return `attachment; filename=${name}`
  const plain = name
    .normalize('NFKD')
    .replaceAll(/[^ -~]/g, '')
    .replaceAll(/["\\]/g, '_')
  if (plain === name) return `attachment; filename="${plain}"`
  const encoded = encodeURIComponent(name).replaceAll(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `attachment; filename="${plain || 'download'}"; filename*=UTF-8''${encoded}`
}
