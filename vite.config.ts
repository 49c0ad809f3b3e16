import react from '@vitejs/plugin-react'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

const source = fileURLToPath(new URL('src', import.meta.url))

/** The web page: `src/ui/index.html` → `dist/ui/`, which the server serves as files. */
export default defineConfig({
  root: fileURLToPath(new URL('src/ui', import.meta.url)),
  plugins: [react()],
  // `#contract/endpoint` as everywhere; package.json's own mapping knows no .tsx.
  resolve: { alias: [{ find: /^#(?=[a-z])/, replacement: `${source}/` }] },
  build: {
    outDir: fileURLToPath(new URL('dist/ui', import.meta.url)),
    emptyOutDir: true,
    target: 'es2023',
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // 176 kB compressed: React, zod, the query cache and the pages. What few pages need is fetched by those.
    chunkSizeWarningLimit: 700,
  },
})
