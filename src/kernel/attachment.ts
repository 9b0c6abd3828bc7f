/**
 * A program on the ingress of an interface: as a pinned TCX link where the kernel has them (6.6), else as a filter of
 * the `clsact` discipline. Both stay when their maker is gone.
 */
import { closeSync, existsSync, unlinkSync } from 'node:fs'
import { NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from '../netlink/message.ts'
import {
  decodeBpfFilter,
  encodeBpfFilter,
  encodeBpfFilterDeletion,
  encodeClsact,
  encodeFilterQuery,
  type FilterPlace,
} from '../netlink/traffic-control.ts'
import { createLink, linkInterface, openPinned, pin } from './bpf.ts'
import { isKernelError } from './errors.ts'
import type { RouteSocket } from './route-socket.ts'

const RTM_NEWQDISC = 36
const RTM_NEWTFILTER = 44
const RTM_DELTFILTER = 45
const RTM_GETTFILTER = 46

/** Where our filter sits among others: behind those that people give small numbers. */
const place = (ifindex: number): FilterPlace => ({ ifindex, direction: 'ingress', priority: 0x5c, handle: 1 })

/** Attaches unless `pinPath` says that it is; what was pinned for an interface of that number that is gone is replaced. */
export function attachIngress(route: RouteSocket, program: number, ifindex: number, pinPath: string): void {
  if (existsSync(pinPath)) return
  try {
    const link = createLink(program, ifindex, 'TCX_INGRESS')
    try {
      pin(link, pinPath)
    } finally {
      closeSync(link)
    }
  } catch (error) {
    if (!isKernelError(error, 'EINVAL')) throw error
    attachFilter(route, program, ifindex)
  }
}

/** Takes the program off the interface again. */
export function detachIngress(route: RouteSocket, ifindex: number, pinPath: string): void {
  if (existsSync(pinPath)) {
    unlinkSync(pinPath)
    return
  }
  try {
    route.request(
      `take the program off interface ${ifindex}`,
      RTM_DELTFILTER,
      0,
      encodeBpfFilterDeletion(place(ifindex)),
    )
  } catch (error) {
    if (!isKernelError(error, 'ENOENT', 'EINVAL', 'ENODEV')) throw error
  }
}

/** True if what `attachIngress` put there is on that very interface. */
export function isAttachedIngress(route: RouteSocket, ifindex: number, pinPath: string): boolean {
  const link = existsSync(pinPath) ? openPinned(pinPath) : undefined
  if (link === undefined) return hasFilter(route, ifindex)
  try {
    return linkInterface(link) === ifindex
  } finally {
    closeSync(link)
  }
}

function hasFilter(route: RouteSocket, ifindex: number): boolean {
  const { priority, handle } = place(ifindex)
  try {
    return route
      .dump(`list filters of interface ${ifindex}`, RTM_GETTFILTER, encodeFilterQuery(ifindex, 'ingress'))
      .map(({ body }) => decodeBpfFilter(body))
      .some(filter => filter?.priority === priority && filter.handle === handle)
  } catch (error) {
    if (isKernelError(error, 'ENOENT', 'EINVAL', 'ENODEV')) return false
    throw error
  }
}

function attachFilter(route: RouteSocket, program: number, ifindex: number): void {
  try {
    route.request(
      `prepare interface ${ifindex} for a program`,
      RTM_NEWQDISC,
      NLM_F_CREATE | NLM_F_EXCL,
      encodeClsact(ifindex),
    )
  } catch (error) {
    if (!isKernelError(error, 'EEXIST')) throw error
  }
  const filter = encodeBpfFilter(place(ifindex), program, 'sluice')
  route.request(`attach a program to interface ${ifindex}`, RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_REPLACE, filter)
}
