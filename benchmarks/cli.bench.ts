import { createFlightsProject } from '../test/flights-project.fixture.ts'
import { startServer } from '../test/program.fixture.ts'
import { devmlops } from './command.ts'
import { durationsMs, median, type BenchmarkRow } from './row.ts'

const repetitions = 10

/** What a person waits for: whole processes, from the shell's start of the program to its end. */
export async function cliBenchmark(): Promise<BenchmarkRow[]> {
  const project = await createFlightsProject()
  const measure = async (name: string, ...words: string[]): Promise<BenchmarkRow> => {
    const durations = await durationsMs(repetitions, () => devmlops(project.directory, ...words))
    return { name, ours: median(durations), unit: 'ms', note: `median of ${repetitions}` }
  }
  try {
    await project.arrive('flights.parquet', ['2001-01-01', '2001-02-26'])
    await devmlops(project.directory, 'data', 'add', 'flights')
    await devmlops(project.directory, 'run', 'train')
    const alone = [
      await measure('--help', '--help'),
      await measure('run, nothing changed', 'run', 'train'),
      await measure('data list', 'data', 'list'),
      await measure('models show', 'models', 'show', 'small-flights@champion'),
    ]
    const server = await startServer(project.directory)
    const asked = [
      await measure('run, nothing changed, by a server', 'run', 'train'),
      await measure('data list, by a server', 'data', 'list'),
    ]
    await server.stop()
    return [...alone, ...asked]
  } finally {
    project.remove()
  }
}
