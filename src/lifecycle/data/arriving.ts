/** What reads and judges files that arrive: a hundred modules, which only an arrival needs. */
export { collect } from './sources/collector.ts'
export { addArrivals } from './versions/add-arrivals.ts'
export { checkArrivals } from './versions/check-arrivals.ts'
export { compareVersions } from './versions/compared-versions.ts'
