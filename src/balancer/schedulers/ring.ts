/** Lookup tables of sh, dh and mh in the data path: whom an entry names, and the search for another one. */
import type { Value } from '../../bpf/value.ts'
import { SERVICE, SERVICE_FLAG } from '../layout.ts'
import { tell } from '../program/tell.ts'
import { foldAddressCode } from './address-hash.ts'
import { type Choice, choose, isEligible, type Site } from './choice.ts'
import { type Notes, type Walk, walk } from './walk.ts'

/** The block that the service's table begins with, plus one; 0: it has none. */
export function ringOf({ service }: Choice): Value {
  return service.get(SERVICE.plan).shr(32)
}

/** The destination named by an entry as a link; 0: nobody. */
export function linkAt({ tables }: Site, ring: Value, index: Value): Value {
  return tables.ringEntry(ring.sub(1), index).get([0, 'u32'])
}

/** Chooses whom the entry names, if he takes connections. */
export function chooseAt(site: Site, choice: Choice, ring: Value, index: Value): void {
  const link = linkAt(site, ring, index)
  tell(site.code, 'ring', () => ({ index, link }))
  site.code.when(link.ne(0), () =>
    site.code.when(isEligible(site.tables.destination(link.sub(1)), site.shape), () => choose(site, choice, link)),
  )
}

/** What sh and mh know a client by: his address, and his port where the service says so (flag 2). 32 bits. */
export function clientNumber({ code, shape }: Site, { service, source, sourcePort }: Choice): Value {
  const number = code.variable(foldAddressCode(source), 32)
  if (shape.hashPort)
    code.when(service.get(SERVICE.flags).has(SERVICE_FLAG.flag2), () => number.set(number.add32(sourcePort.swap(16))))
  return number
}

/** The search of sh-fallback and mh-fallback: the table's ring, the client's number, the entry tried first; whom it found. */
const RING = 0
const CLIENT = 1
const FIRST = 2
const FOUND = 3

/** Tries the entries that `salted` gives for 0, 1 … after the first; a place that names nobody ends the search. */
export function fallbackWalk(
  name: string,
  salted: (site: Site, client: Value, salt: Value) => Value,
  entries: number,
): Walk {
  return {
    name,
    step: (site, notes, round, leave) => {
      const salt = round.add(notes.get(FIRST)).mod(entries)
      const link = linkAt(site, notes.get(RING), salted(site, notes.get(CLIENT), salt))
      tell(site.code, 'ring', () => ({ index: salt, link }))
      site.code.when(link.eq(0), leave)
      site.code.when(isEligible(site.tables.destination(link.sub(1)), site.shape), () => {
        notes.set(FOUND, link)
        leave()
      })
    },
  }
}

/** Goes through the whole table if need be, where the service has flag 1. */
export function fallBack(
  site: Site,
  choice: Choice,
  it: Walk,
  entries: number,
  ring: Value,
  client: Value,
  first: Value,
): void {
  const { code, shape } = site
  if (!shape.hashFallback) return
  code.when(choice.service.get(SERVICE.flags).has(SERVICE_FLAG.flag1), () => {
    const notes: Notes = walk(site, it, entries, [ring, client, first, 0])
    const found = notes.get(FOUND)
    code.when(found.ne(0), () => choose(site, choice, found))
  })
}
