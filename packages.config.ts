import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'
import { bundledPackages } from './src/composition/bundled-packages.ts'

/** Packages of hundreds of small files, each as one file in `dist/packages/`: see `src/composition/bundled-packages.ts`. */
export default defineConfig({
  build: {
    ssr: true,
    outDir: fileURLToPath(new URL('dist/packages', import.meta.url)),
    emptyOutDir: true,
    target: 'node24',
    minify: false,
    rolldownOptions: {
      input: Object.fromEntries(bundledPackages.map((name) => [name, name])),
      output: { entryFileNames: '[name].js' },
    },
  },
  // Without the condition "node", under which yaml is CommonJS, whose names cannot be imported from one file.
  ssr: { noExternal: true, resolve: { conditions: ['module', 'import', 'default'] } },
})
