/** Listings of real connections: what the kernel had goes in, what ipvsadm printed must come out. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { MemoryTable } from '../../../src/balancer/memory-table.ts'
import { type Ip, ip, ipFromBytes } from '../../../src/bytes/address.ts'
import type { ListedConnection } from '../../../src/model/virtual-service.ts'
import { play, written } from './play.ts'
import { parseSessions } from './session.ts'

const text = readFileSync(new URL('traffic/connections.txt', import.meta.url), 'utf8')
const exchanges = parseSessions(text).flatMap(session => session.exchanges)

for (const { command, answer } of exchanges) {
  const [, listing] = /^cat '\/tmp\/(ipvsadm .*)'$/.exec(command) ?? []
  if (listing === undefined) continue
  test(`${listing}: connections of every kind`, async () => {
    const before = exchanges.find(other => other.command === command.replace('/ipvsadm ', '/before '))
    assert.ok(before !== undefined)
    const [, ...rows] = before.answer.stdout.trimEnd().split('\n')
    assert.ok(rows.length > 8)
    const lines = answer.stdout.split('\n').slice(2)
    const connections = rows.map((row, i) => ticked(parseRow(row), lines[i]!))
    const table = new MemoryTable({ connections })
    assert.equal(written(command, await play(listing, '', table)), written(command, answer))
  })
}

/** A second may have passed between the kernel's list and ipvsadm's. */
function ticked(connection: ListedConnection, line: string): ListedConnection {
  const [, minutes, seconds] = /^\w+ +(\d+):(\d+)/.exec(line) ?? []
  const shownS = Number(minutes) * 60 + Number(seconds)
  return shownS === connection.expiresInS - 1 ? { ...connection, expiresInS: shownS } : connection
}

/** A row of /proc/net/ip_vs_conn, which has addresses and ports in hexadecimal. */
function parseRow(row: string): ListedConnection {
  const [protocol = '', from = '', fromPort = '', to = '', toPort = '', via = '', viaPort = '', state = '', ...rest] =
    row.split(/\s+/)
  const [expires = '', name, data] = rest
  return {
    protocol: protocol as ListedConnection['protocol'],
    state,
    expiresInS: Number(expires),
    client: { address: parseAddress(from), port: Number.parseInt(fromPort, 16) },
    virtual: { address: parseAddress(to), port: Number.parseInt(toPort, 16) },
    destination: { address: parseAddress(via), port: Number.parseInt(viaPort, 16) },
    ...(name !== undefined && data !== undefined ? { engine: { name, data } } : {}),
  }
}

function parseAddress(text: string): Ip {
  return text.includes(':') ? ip(text) : ipFromBytes(Buffer.from(text, 'hex'))
}
