/** What answers only by promises. */
type Promising<Service> = { readonly [Name in keyof Service]: (...values: never[]) => Promise<unknown> }

/**
 * A service whose code is read with its first call. A start reads a file for each module of the program, a third of a
 * millisecond each, and most commands need few of the services.
 */
export function late<Service extends Promising<Service>>(load: () => Promise<Service>): Service {
  let loaded: Promise<Service> | undefined
  const called =
    (name: string | symbol) =>
    async (...values: never[]) => {
      const service = await (loaded ??= load())
      return service[name as keyof Service](...values)
    }
  return new Proxy({} as Service, { get: (_, name) => called(name) })
}
