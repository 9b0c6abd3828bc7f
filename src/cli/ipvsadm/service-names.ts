import type { Protocol } from '../../model/service.ts'

/** The names of ports in a file like /etc/services: `http 80/tcp www # comment`. The first line that matches counts. */
export class ServiceNames {
  readonly #ports = new Map<string, number>()
  readonly #names = new Map<string, string>()

  constructor(text: string) {
    for (const line of text.split('\n')) {
      const [name, where, ...aliases] = line.replace(/#.*/, '').trim().split(/\s+/)
      const [, port, protocol] = /^(\d+)\/(\w+)$/.exec(where ?? '') ?? []
      if (name === undefined || port === undefined || protocol === undefined) continue
      if (!this.#names.has(`${port}/${protocol}`)) this.#names.set(`${port}/${protocol}`, name)
      for (const word of [name, ...aliases])
        if (!this.#ports.has(`${word}/${protocol}`)) this.#ports.set(`${word}/${protocol}`, Number(port))
    }
  }

  portOf(name: string, protocol: Protocol): number | undefined {
    return this.#ports.get(`${name}/${protocol.toLowerCase()}`)
  }

  nameOf(port: number, protocol: Protocol): string | undefined {
    return this.#names.get(`${port}/${protocol.toLowerCase()}`)
  }
}
