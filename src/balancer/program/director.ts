/**
 * The director's program: every packet that arrives meets it before the stack does.
 *
 *     parse ─▶ service? ─▶ connection? ─▶ state, counts ─▶ send
 *        no: pass   │ no          │ no               ▲
 *                   │             └▶ schedule, create┘
 *                   └▶ a real server's reply? ─▶ state, counts ─▶ send back
 *                                        no: pass
 *
 * What is not ours passes untouched, and is recognised after one look into the service index. What is ours follows
 * ip_vs (net/netfilter/ipvs/ip_vs_core.c, ip_vs_in_hook), step for step.
 */
import type { Code } from '../../bpf/code.ts'
import type { ProgramSource } from '../../bpf/compile.ts'
import { HELPER } from '../../bpf/helper.ts'
import type { Field, Variable } from '../../bpf/value.ts'
import type { IpFamily } from '../../bytes/address.ts'
import { CONNECTION, COUNTER, type TableFacts } from '../layout.ts'
import { scheduleCallbacks } from '../schedulers/schedule.ts'
import { walkCallback } from '../schedulers/walk.ts'
import type { Shape } from '../shape.ts'
import { beginConnection } from './begin.ts'
import { connectionKey, findConnection } from './connection.ts'
import { PROGRAM_SLOT, PROGRAMS_MAP } from './dispatch.ts'
import { findInIndexCode } from './find-service.ts'
import { followConnection } from './follow.ts'
import { forward } from './forward.ts'
import { rememberFragment } from './fragment.ts'
import { CONTEXT_BYTES, type Hook, PACKET_OTHERHOST } from './hook.ts'
import { type Refuse, withErrors } from './icmp-error.ts'
import { leaveHardWays, leaveOddPackets, leaveOnePackets } from './leave-to-tc.ts'
import { noteForSync } from './note-for-sync.ts'
import { furtherCallbacks } from './overflow.ts'
import { carriesIpv6, isFragment, type Packet, parsePacket } from './parse.ts'
import { followReply } from './reply.ts'
import { increaseTtl, translate } from './rewrite.ts'
import type { Scene } from './scene.ts'
import { CRC_WALK } from './sctp-checksum.ts'
import { guardTtl } from './send.ts'
import type { Looping } from './sweep.ts'
import { Tables } from './tables.ts'
import { tell } from './tell.ts'
import { wayOf } from './way.ts'

/** The program that every packet meets first, for a table of this shape, at this hook. */
export function director(hook: Hook, facts: TableFacts, shape: Shape, looping: Looping): ProgramSource {
  return {
    name: 'sluice_director',
    type: hook.type,
    main: code => writeDirector(code, hook, facts, shape, looping),
    callbacks: callbacks(facts, shape),
  }
}

/** Where services have addresses of both families, IPv6 has a program of its own: the director hands on to it. */
export function directorIpv6(hook: Hook, facts: TableFacts, shape: Shape, looping: Looping): ProgramSource {
  return {
    name: 'sluice_ipv6',
    type: hook.type,
    main: code => serveFamily(code, hook, facts, shape, looping, 6),
    callbacks: callbacks(facts, shape),
  }
}

function callbacks(facts: TableFacts, shape: Shape): NonNullable<ProgramSource['callbacks']> {
  return {
    ...scheduleCallbacks(facts, shape),
    ...furtherCallbacks(facts),
    [CRC_WALK.name]: walkCallback(facts, shape, CRC_WALK),
  }
}

/** Each family that services have gets code of its own: nothing that differs is asked twice. */
function writeDirector(code: Code, hook: Hook, facts: TableFacts, shape: Shape, looping: Looping): void {
  const pass = () => code.exit(hook.pass)
  if (hook.packetType !== undefined) {
    code.comment('ours is what was sent to this host: ip_vs never sees the rest, ip_rcv drops it')
    const fields = code.pointer(code.parameter(0), CONTEXT_BYTES)
    code.guard(fields.get(hook.packetType).ne(PACKET_OTHERHOST), () => {
      tell(code, 'other-host')
      pass()
    })
  }
  const [first, second] = shape.families
  if (first === undefined) {
    pass()
    return
  }
  if (second !== undefined)
    code.when(carriesIpv6(code, hook, pass), () => {
      code.tailCall(
        code.parameter(0),
        PROGRAMS_MAP,
        hook.mark === undefined ? PROGRAM_SLOT.ipv6 : PROGRAM_SLOT.markedIpv6,
      )
      pass()
    })
  serveFamily(code, hook, facts, shape, looping, first)
}

function serveFamily(
  code: Code,
  hook: Hook,
  facts: TableFacts,
  shape: Shape,
  looping: Looping,
  family: IpFamily,
): void {
  const tables = new Tables(code, facts, family, looping)
  const pass = () => code.exit(hook.pass)
  const aside = () => {
    tell(code, 'aside')
    if (hook.type === 'tc') code.tailCall(code.parameter(0), PROGRAMS_MAP, PROGRAM_SLOT.portless)
    pass()
  }
  const other = () => {
    tell(code, 'other-protocol')
    pass()
  }
  const packet = parsePacket(code, hook, shape, family, other, aside)
  if (hook.mark !== undefined) increaseTtl(packet)

  withErrors(code, tables, hook, packet, refuse => direct(code, tables, hook, shape, looping, packet, refuse))
}

/** Every path ends in a verdict or a refusal. */
function direct(
  code: Code,
  tables: Tables,
  hook: Hook,
  shape: Shape,
  looping: Looping,
  packet: Packet,
  refuse: Refuse,
): void {
  const pass = () => code.exit(hook.pass)
  code.comment('the service')
  const service = code.variable(0, 32)
  const key = connectionKey(tables, packet.source, packet.destination, packet.ports, packet.protocol, 'connection')
  const slot = code.variable(0, 32)
  // Where some service goes by mark, a packet may have a connection though no service has its address.
  const anyAddress = shape.marks && hook.mark === undefined
  const served = code.variable(0, 8)
  const connected = code.variable(0, 8)
  if (anyAddress)
    code.section(looked =>
      findByAddress(code, tables, shape, packet, service, () => {
        served.set(1)
        looked()
      }),
    )
  code.section(found => {
    if (hook.mark !== undefined) findByMark(code, tables, hook.mark, packet, service, found)
    else if (!anyAddress) findByAddress(code, tables, shape, packet, service, found)
    else {
      findConnection(code, tables, key, slot, () => {
        connected.set(1)
        found()
      })
      code.when(served.ne(0), found)
    }
    if (hook.mark === undefined && shape.methods.includes('masquerade'))
      followReply(code, tables, hook, shape, looping, packet)
    tell(code, 'no-service')
    pass()
  })
  const tellService = () => tell(code, 'service', () => ({ service }))
  if (anyAddress) code.when(served.ne(0), tellService)
  else tellService()
  leaveOddPackets(code, hook, packet)

  const now = code.call(HELPER.jiffies).low32()
  const scene: Scene = { code, tables, hook, shape, packet, looping, now, refuse }
  const destination = code.variable(0, 32)
  const way = shape.onePacket ? { flags: code.variable(0, 8), serverPort: code.variable(0, 16) } : undefined
  code.section(sent => {
    code.section(known => {
      code.section(absent => {
        code.section(matched => {
          if (anyAddress) code.when(connected.ne(0), matched)
          else findConnection(code, tables, key, slot, matched)
          absent()
        })
        code.comment('a known connection')
        tell(code, 'connection', () => ({ slot }))
        followConnection(scene, key, slot, destination, absent)
        known()
      })
      // The stack finds out its mark, and it comes again.
      if (anyAddress) code.guard(served.ne(0), pass)
      code.comment('a new connection')
      tell(code, 'new-connection')
      const alone = way === undefined ? undefined : { way, leave: sent }
      leaveOnePackets(scene, service)
      beginConnection(scene, key, service, slot, destination, alone)
      leaveHardWays(scene, destination)
    })
    way?.flags.set(tables.connection(slot).get(CONNECTION.flags))
    way?.serverPort.set(tables.connection(slot).get(CONNECTION.serverPort))
    noteForSync(scene, slot)
  })

  code.comment('counts')
  const counter = tables.counter(destination)
  counter.set(COUNTER.inPackets, counter.get(COUNTER.inPackets).add(1))
  counter.set(COUNTER.inBytes, counter.get(COUNTER.inBytes).add(packet.ipBytes))
  guardTtl(code, packet, () => refuse('expired'))
  code.rarely(isFragment(packet), () => rememberFragment(code, tables, packet, slot, 'in'))
  const truncated = () => {
    tables.count('truncated')
    code.exit(hook.drop)
  }
  forward(scene, way ?? wayOf(tables, slot), destination, (address, port) =>
    translate(scene, { end: 'destination', address, port }, truncated),
  )
}

function findByAddress(
  code: Code,
  tables: Tables,
  shape: Shape,
  { destination, ports, protocol }: Packet,
  service: Variable,
  found: () => void,
): void {
  findInIndexCode(code, tables, 'service', destination, ports.shr(16), protocol, service, found)
  if (!shape.anyPort) return
  findInIndexCode(code, tables, 'service', destination, code.constant(0), protocol, service, () => {
    tell(code, 'any-port')
    found()
  })
}

function findByMark(
  code: Code,
  tables: Tables,
  field: Field,
  { family, context }: Packet,
  service: Variable,
  found: () => void,
): void {
  const mark = code.pointer(context, CONTEXT_BYTES).get(field)
  findInIndexCode(code, tables, family === 4 ? 'mark' : 'mark6', [mark], code.constant(0), 0, service, found)
}
