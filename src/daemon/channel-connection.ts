/** The connection of a TCP_CHECK. */
import { Connector, type Route, routeTo } from '../kernel/connector.ts'
import type { KernelError } from '../kernel/errors.ts'
import type { CheckTarget } from '../model/virtual-server.ts'
import { refusedBy } from './channel-cause.ts'
import type { OpenChannel, Report } from './opened-channel.ts'

const CONNECTED = { type: 'connected' } as const
let connector: Connector | undefined
const routes = new WeakMap<CheckTarget, Route>()

export function openConnection(target: CheckTarget, report: Report): OpenChannel {
  connector ??= new Connector()
  return new Connection(connector, target, report)
}

class Connection implements OpenChannel {
  readonly #connector: Connector
  readonly #number: number | undefined
  #closed = false
  readonly #onEnd: (error: KernelError | undefined) => void

  constructor(connector: Connector, target: CheckTarget, report: Report) {
    this.#connector = connector
    this.#onEnd = error => {
      if (!this.#closed) report(error === undefined ? CONNECTED : refusedBy(error))
    }
    try {
      this.#number = connector.connect(routeOf(target), this.#onEnd)
    } catch (error) {
      setImmediate(() => {
        if (!this.#closed) report(refusedBy(error))
      })
    }
  }

  write(): void {}

  close(): void {
    this.#closed = true
    if (this.#number !== undefined) this.#connector.giveUp(this.#number, this.#onEnd)
  }
}

function routeOf(target: CheckTarget): Route {
  const known = routes.get(target)
  if (known !== undefined) return known
  const { address, port, bindAddress, bindPort, bindInterface, mark } = target
  const source = { address: bindAddress, port: bindPort }
  const route = routeTo({ address, port, source, interface: bindInterface, mark })
  routes.set(target, route)
  return route
}
