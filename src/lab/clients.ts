/** The many clients, as the one who orders them about sees them. */
import type { ChildProcess } from 'node:child_process'
import type { Ip } from '../bytes/address.ts'
import { PORT, VIP } from './topology.ts'
import type { Report, Request, Response } from './web-client.ts'

export interface RequestOptions {
  readonly path?: string
  readonly to?: Ip
  readonly timeoutMs?: number
  readonly onProgress?: (bytes: number) => void
}

interface Pending {
  resolve(response: Response): void
  reject(error: Error): void
  onProgress(bytes: number): void
}

export class Clients {
  #process: ChildProcess
  #pending = new Map<number, Pending>()
  #lastId = 0

  constructor(process: ChildProcess) {
    this.#process = process
    process.on('message', report => this.#receive(report as Report))
    process.on('exit', () => this.#fail('the process of the clients has ended'))
  }

  /** Asks in the name of `from`. Rejects with what the client saw: a refusal, a reset, silence. */
  request(from: Ip, options: RequestOptions = {}): Promise<Response> {
    const { path = '/', to = VIP, timeoutMs = 2000, onProgress = () => {} } = options
    const id = ++this.#lastId
    const request: Request = { id, from, to, port: PORT, path, timeoutMs }
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject, onProgress })
      this.#process.send(request, error => error && this.#settle(id)?.reject(error))
    })
  }

  #receive(report: Report): void {
    if (report.kind === 'progress') this.#pending.get(report.id)?.onProgress(report.bytes)
    else if (report.kind === 'response') this.#settle(report.id)?.resolve(report.response)
    else this.#settle(report.id)?.reject(new Error(report.error))
  }

  #settle(id: number): Pending | undefined {
    const pending = this.#pending.get(id)
    this.#pending.delete(id)
    return pending
  }

  #fail(why: string): void {
    for (const id of [...this.#pending.keys()]) this.#settle(id)?.reject(new Error(why))
  }
}
