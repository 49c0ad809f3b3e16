import { join, resolve } from 'node:path'
import { fail } from '#contract/errors'

/** Everything that can be set from outside. The only file that reads the environment. */
export interface Config {
  /** The folder with the store, the blobs and the prediction logs; `.devmlops` in the project by default. */
  readonly home: string
  /** `postgres://…`, or undefined for SQLite in `home`. */
  readonly databaseUrl: string | undefined
  /** `s3://bucket/prefix`, or undefined for a folder in `home`. */
  readonly blobs: string | undefined
  /** Up to so much disk is used for copies of stored files that can be made again. */
  readonly fileCacheBytes: number
  readonly host: string
  readonly port: number
  readonly servingPort: number
  /** Of gRPC; undefined when it is switched off. */
  readonly grpcPort: number | undefined
  /** Required of every caller when set; must be set to listen beyond loopback. */
  readonly token: string | undefined
  /** Where traces of predictions go; undefined: nowhere. */
  readonly tracing:
    | { readonly endpoint: string; readonly serviceName: string; readonly ratio: number }
    | undefined
  /** Certificate and key for the prediction endpoints, as PEM files; undefined: plain HTTP. */
  readonly servingTls: { readonly certificatePath: string; readonly keyPath: string } | undefined
  /** A running server to talk to, instead of the store in `home`. */
  readonly serverUrl: string | undefined
  /** Whether webhooks may call http:// and addresses that are not public. */
  readonly webhookPrivateHosts: boolean
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent'
  /** The key that columns with the rule `hash` are hashed with. Never stored, logged or shown. */
  readonly maskingKey: string | undefined
  /** The interpreter for models that were logged in Python; undefined: looked for by the model's version. */
  readonly python: string | undefined
  /** `build`: an environment per set of requirements. `as-is`: the interpreter with the packages that it has. */
  readonly pythonEnvironment: 'build' | 'as-is'
  /** Processes per Python model; undefined: by the cores. */
  readonly pythonWorkers: number | undefined
}

export interface ConfigOverrides {
  readonly projectDirectory?: string
  readonly home?: string
  readonly host?: string
  readonly port?: number
  readonly servingPort?: number
  readonly serverUrl?: string
}

/** The variables that a person may set, for `devmlops doctor` and the reference page. */
export const environmentVariables = {
  DEVMLOPS_HOME: 'Folder of the store, blobs and prediction logs (default: .devmlops in the project)',
  DEVMLOPS_DATABASE_URL: 'postgres://… to keep metadata in PostgreSQL (default: SQLite in the home folder)',
  DEVMLOPS_BLOBS: 's3://bucket/prefix to keep blobs in an S3-compatible store (default: the home folder)',
  DEVMLOPS_FILE_CACHE_GB:
    'Disk for copies of stored files that can be made again, in gigabytes (default: 20)',
  DEVMLOPS_HOST: 'Address to listen on (default: 127.0.0.1)',
  DEVMLOPS_PORT: 'Port of the server and web page (default: 5000)',
  DEVMLOPS_SERVING_PORT: 'Port of the prediction endpoints (default: 5001)',
  DEVMLOPS_GRPC_PORT:
    'Port of the prediction endpoints over gRPC; 0: any that is free, off: none (default: 5002)',
  DEVMLOPS_TOKEN: 'Token that every caller must send; required to listen beyond loopback',
  DEVMLOPS_SERVER:
    'URL of a running server for the command line and devmlops/sdk (default: found through the home folder; for devmlops/sdk http://127.0.0.1:5000)',
  DEVMLOPS_REMOTE_TOKEN:
    'Token for another DevMLOps server that data is pulled from, unless its remote names another variable',
  DEVMLOPS_JOURNAL: 'Folder for what devmlops/sdk could not send (default: ~/.devmlops/journal)',
  DEVMLOPS_WEBHOOK_PRIVATE_HOSTS:
    'Set to 1 to let webhooks call http:// and private addresses, for tests on one machine (default: 0)',
  DEVMLOPS_MASKING_KEY:
    'Key that columns with the rule hash are hashed with, at least 16 characters (default: they are masked)',
  DEVMLOPS_LOG_LEVEL: 'debug, info, warn, error or silent (default: info)',
  DEVMLOPS_PYTHON: 'Python for models that were logged in it (default: python3.X of the model, then python3)',
  DEVMLOPS_PYTHON_ENVIRONMENT:
    'build: an environment from each model’s own requirements; as-is: DEVMLOPS_PYTHON with the packages it has (default: build)',
  DEVMLOPS_PYTHON_WORKERS: 'Processes per Python model, 1 to 64 (default: one less than cores, at most 4)',
  DEVMLOPS_TLS_CERTIFICATE: 'PEM file with the certificate, and its chain, of the prediction endpoints',
  DEVMLOPS_TLS_KEY: 'PEM file with the key of that certificate',
  OTEL_EXPORTER_OTLP_ENDPOINT:
    'OpenTelemetry collector that traces of predictions go to over OTLP/HTTP (default: none)',
  OTEL_SERVICE_NAME: 'Name of the prediction endpoints in traces (default: devmlops-serving)',
  OTEL_TRACES_SAMPLER_ARG: 'Share of the traces that begin here which are sent, from 0 to 1 (default: 1)',
  NO_COLOR: 'Set to anything to print without colours',
  AWS_ENDPOINT_URL: 'Address of an S3-compatible store that is not Amazon’s',
  AWS_REGION: 'Region of the bucket (default: us-east-1)',
  AWS_ACCESS_KEY_ID: 'Key for S3; required with DEVMLOPS_BLOBS and for remotes in S3',
  AWS_SECRET_ACCESS_KEY: 'Secret of that key',
  AWS_SESSION_TOKEN: 'Session token of temporary credentials',
} as const

type Environment = Readonly<Record<string, string | undefined>>

export function readConfig(overrides: ConfigOverrides = {}, environment: Environment = process.env): Config {
  const home = overrides.home ?? environment['DEVMLOPS_HOME']
  const servingPort = portOf(
    overrides.servingPort ?? environment['DEVMLOPS_SERVING_PORT'],
    'DEVMLOPS_SERVING_PORT',
    5001,
  )
  return {
    home: home === undefined ? join(resolve(overrides.projectDirectory ?? '.'), '.devmlops') : resolve(home),
    databaseUrl: nonEmpty(environment['DEVMLOPS_DATABASE_URL']),
    blobs: nonEmpty(environment['DEVMLOPS_BLOBS']),
    fileCacheBytes: fileCacheBytesOf(nonEmpty(environment['DEVMLOPS_FILE_CACHE_GB'])),
    host: overrides.host ?? environment['DEVMLOPS_HOST'] ?? '127.0.0.1',
    port: portOf(overrides.port ?? environment['DEVMLOPS_PORT'], 'DEVMLOPS_PORT', 5000),
    servingPort,
    grpcPort: grpcPortOf(environment['DEVMLOPS_GRPC_PORT'], servingPort),
    token: nonEmpty(environment['DEVMLOPS_TOKEN']),
    tracing: tracingOf(environment),
    servingTls: servingTlsOf(environment),
    serverUrl: overrides.serverUrl ?? nonEmpty(environment['DEVMLOPS_SERVER']),
    webhookPrivateHosts: flagOf(environment, 'DEVMLOPS_WEBHOOK_PRIVATE_HOSTS'),
    maskingKey: nonEmpty(environment['DEVMLOPS_MASKING_KEY']),
    logLevel: logLevelOf(environment['DEVMLOPS_LOG_LEVEL']),
    python: nonEmpty(environment['DEVMLOPS_PYTHON']),
    pythonEnvironment: pythonEnvironmentOf(environment['DEVMLOPS_PYTHON_ENVIRONMENT']),
    pythonWorkers: pythonWorkersOf(nonEmpty(environment['DEVMLOPS_PYTHON_WORKERS'])),
  }
}

/** The environment that a child process of the program inherits, plus what is given. */
export function childEnvironment(extra: Environment): Record<string, string> {
  const merged = { ...process.env, ...extra }
  return Object.fromEntries(
    Object.entries(merged).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
}

/** https://no-color.org: set, to whatever but nothing. */
export function isColorUnwanted(environment: Environment = process.env): boolean {
  return (environment['NO_COLOR'] ?? '') !== '' || environment['TERM'] === 'dumb'
}

/** Reads one variable that a project names in `devmlops.yaml`. */
export function environmentVariable(name: string): string | undefined {
  return process.env[name]
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === undefined || value === '' ? undefined : value
}

function portOf(value: string | number | undefined, name: string, fallback: number): number {
  if (value === undefined || value === '') return fallback
  const port = Number(value)
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port
  return fail('invalid_input', `"${value}" is no port: a port is a whole number from 0 to 65535.`, {
    at: name,
  })
}

/** Whoever lets REST have any port, as tests do, does not mean gRPC to insist on one. */
function grpcPortOf(value: string | undefined, servingPort: number): number | undefined {
  if (value === 'off') return undefined
  return portOf(value, 'DEVMLOPS_GRPC_PORT', servingPort === 0 ? 0 : 5002)
}

function tracingOf(environment: Environment): Config['tracing'] {
  const endpoint = nonEmpty(environment['OTEL_EXPORTER_OTLP_ENDPOINT'])
  if (endpoint === undefined) return undefined
  const ratio = Number(nonEmpty(environment['OTEL_TRACES_SAMPLER_ARG']) ?? 1)
  if (!(ratio >= 0 && ratio <= 1))
    fail('invalid_input', 'OTEL_TRACES_SAMPLER_ARG is not a number from 0 to 1.', {
      at: 'OTEL_TRACES_SAMPLER_ARG',
    })
  return { endpoint, ratio, serviceName: nonEmpty(environment['OTEL_SERVICE_NAME']) ?? 'devmlops-serving' }
}

function servingTlsOf(environment: Environment): Config['servingTls'] {
  const certificatePath = nonEmpty(environment['DEVMLOPS_TLS_CERTIFICATE'])
  const keyPath = nonEmpty(environment['DEVMLOPS_TLS_KEY'])
  if (certificatePath !== undefined && keyPath !== undefined) return { certificatePath, keyPath }
  if (certificatePath === undefined && keyPath === undefined) return undefined
  const missing = keyPath === undefined ? 'DEVMLOPS_TLS_KEY' : 'DEVMLOPS_TLS_CERTIFICATE'
  return fail('invalid_input', `${missing} is not set, but the other half of the pair is.`, { at: missing })
}

function flagOf(environment: Environment, name: keyof typeof environmentVariables): boolean {
  const value = environment[name]
  if (value === undefined || value === '' || value === '0' || value === 'false') return false
  if (value === '1' || value === 'true') return true
  return fail('invalid_input', `${name} is "${value}"; it is 1 or 0.`, { at: name })
}

function logLevelOf(value: string | undefined): Config['logLevel'] {
  if (value === undefined || value === '') return 'info'
  if (value === 'debug' || value === 'info' || value === 'warn' || value === 'error' || value === 'silent')
    return value
  return fail('invalid_input', `DEVMLOPS_LOG_LEVEL is "${value}"; it is debug, info, warn, error or silent.`)
}

function pythonEnvironmentOf(value: string | undefined): Config['pythonEnvironment'] {
  if (value === undefined || value === '') return 'build'
  if (value === 'build' || value === 'as-is') return value
  return fail('invalid_input', `DEVMLOPS_PYTHON_ENVIRONMENT is "${value}"; it is build or as-is.`)
}

function pythonWorkersOf(value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  const workers = Number(value)
  if (Number.isInteger(workers) && workers >= 1 && workers <= 64) return workers
  return fail('invalid_input', `DEVMLOPS_PYTHON_WORKERS is "${value}"; it is a whole number from 1 to 64.`)
}

function fileCacheBytesOf(value: string | undefined): number {
  if (value === undefined) return 20e9
  const gigabytes = Number(value)
  if (Number.isFinite(gigabytes) && gigabytes >= 0) return gigabytes * 1e9
  return fail('invalid_input', `DEVMLOPS_FILE_CACHE_GB is "${value}"; it is a number of gigabytes from 0.`)
}
