import { writeFileSync } from 'node:fs'
import { registerHooks } from 'node:module'

// Preloaded into a program, it leaves the list of the modules that were loaded where LOADED_MODULES says.
const urls: string[] = []
registerHooks({
  load: (url, context, next) => {
    urls.push(url)
    return next(url, context)
  },
})
process.on('exit', () => writeFileSync(process.env['LOADED_MODULES'] ?? '', JSON.stringify(urls)))
