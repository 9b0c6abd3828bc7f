/**
 * Enters a connection that another director has told of, or brings up to date the one that is there (ip_vs_proc_conn of
 * ip_vs_sync.c). It runs when it is test-run, on an order in place of a packet; its verdict is one of ENTERED.
 */
import type { Code } from '../../bpf/code.ts'
import type { ProgramSource } from '../../bpf/compile.ts'
import { HELPER } from '../../bpf/helper.ts'
import type { Pointer, Value } from '../../bpf/value.ts'
import type { IpFamily } from '../../bytes/address.ts'
import { CONNECTION, DESTINATION, DETAIL, KIND, ORDER, ORDER_BYTES, STATE, type TableFacts } from '../layout.ts'
import { readAddress } from './address.ts'
import {
  burden,
  connectionKey,
  createConnection,
  findConnection,
  isActive,
  removeConnection,
  settleMethod,
} from './connection.ts'
import { isOver } from './follow.ts'
import { CONTEXT_BYTES, TC } from './hook.ts'
import { furtherCallbacks } from './overflow.ts'
import type { Looping } from './sweep.ts'
import { Tables } from './tables.ts'

/** Whatever a server's may be. */
const METHODS = ['masquerade', 'tunnel'] as const

export const ENTERED = { entered: 0, updated: 1, ignored: 2, full: 3 } as const

export function enterConnection(facts: TableFacts, looping: Looping): ProgramSource {
  return {
    name: 'sluice_enter',
    type: 'tc',
    main: code => writeProgram(code, facts, looping),
    callbacks: furtherCallbacks(facts),
  }
}

function writeProgram(code: Code, facts: TableFacts, looping: Looping): void {
  const fields = code.pointer(code.parameter(0), CONTEXT_BYTES)
  const data = fields.get(TC.data)
  code.guard(data.add(ORDER_BYTES).le(fields.get(TC.dataEnd)), () => code.exit(ENTERED.ignored))
  const order = code.pointer(data, ORDER_BYTES, true)
  const enterFamily = (family: IpFamily) => {
    const tables = new Tables(code, facts, family, looping)
    code.when(
      order.get(ORDER.kind).eq(KIND.template),
      () => enter(code, tables, order, 'template'),
      () => enter(code, tables, order, 'connection'),
    )
  }
  code.when(
    order.get(ORDER.family).eq(6),
    () => enterFamily(6),
    () => enterFamily(4),
  )
}

function enter(code: Code, tables: Tables, order: Pointer, kind: 'connection' | 'template'): void {
  const now = code.call(HELPER.jiffies).low32()
  const source = readAddress(order, ORDER.client, tables.family)
  const virtual = readAddress(order, ORDER.virtual, tables.family)
  const ports = order.get(ORDER.ports)
  const protocol = order.get(ORDER.protocol)
  const destination = order.get(ORDER.destination)
  const key = connectionKey(tables, source, virtual, ports, protocol, kind)
  const slot = code.variable(0, 32)
  const full = () => code.exit(ENTERED.full)
  code.section(absent => {
    code.section(matched => {
      findConnection(code, tables, key, slot, matched)
      absent()
    })
    const entry = tables.connection(slot)
    code.when(isOver(entry, now), () => {
      removeConnection(code, tables, slot, key.ports)
      absent()
    })
    if (kind === 'connection') {
      code.when(entry.get(CONNECTION.destination).ne(destination), () => {
        // The end of a connection whose place another has taken by now.
        code.when(order.get(ORDER.inactive).ne(0), () => code.exit(ENTERED.ignored))
        removeConnection(code, tables, slot, key.ports)
        absent()
      })
    }
    bring(code, tables, order, slot, now, kind)
    code.exit(ENTERED.updated)
  })
  const state = kind === 'template' ? STATE.TEMPLATE : STATE.NONE
  const timeout = order.get(ORDER.timeout)
  createConnection(
    code,
    tables,
    key,
    kind,
    { destination, state, active: false, timeout, now, template: 0 },
    slot,
    full,
  )
  if (kind === 'connection') {
    const packet = { source, ports, protocol }
    settleMethod({ code, tables, shape: { methods: METHODS }, packet }, slot, destination, key, full)
  }
  bring(code, tables, order, slot, now, kind)
  if (kind === 'connection') burden(code, tables, destination)
  code.exit(ENTERED.entered)
}

/** Makes state, time and counts what the order says. */
function bring(
  code: Code,
  tables: Tables,
  order: Pointer,
  slot: Value,
  now: Value,
  kind: 'connection' | 'template',
): void {
  const entry = tables.connection(slot)
  const detail = tables.detail(slot)
  const state = order.get(ORDER.state)
  if (kind === 'connection') {
    const server = tables.destination(entry.get(CONNECTION.destination))
    const before = isActive(code, entry.get(CONNECTION.state))
    const after = isActive(code, state)
    code.when(before.and(after.not()), () => {
      server.increase(DESTINATION.active, -1)
      server.increase(DESTINATION.inactive, 1)
    })
    code.when(after.and(before.not()), () => {
      server.increase(DESTINATION.inactive, -1)
      server.increase(DESTINATION.active, 1)
    })
  }
  entry.set(CONNECTION.state, state)
  entry.set(CONNECTION.stamp, now)
  entry.set(CONNECTION.timeout, order.get(ORDER.timeout))
  detail.set(DETAIL.packets, order.get(ORDER.packets))
  detail.set(DETAIL.toldState, state)
  detail.set(DETAIL.mark, order.get(ORDER.mark))
}
