import { addAddress, deleteAddress } from '../kernel/address.ts'
import { isKernelError } from '../kernel/errors.ts'
import { setLink } from '../kernel/link.ts'
import { addRoute, deleteRoute } from '../kernel/route.ts'
import type { RouteSocket } from '../kernel/route-socket.ts'
import { writeSysctl } from '../kernel/sysctl.ts'
import { hostPrefix } from './observation.ts'
import type { Operation } from './operation.ts'

/** Has the kernel do it. What is so already is no error: the kernel adds and removes some routes with their addresses. */
export function perform(route: RouteSocket, operation: Operation): void {
  switch (operation.kind) {
    case 'sysctl':
      writeSysctl(operation.name, operation.value)
      break
    case 'link':
      setLink(route, 'lo', { up: operation.up })
      break
    case 'add-address':
      unless('EEXIST', () => addAddress(route, 'lo', asHost(operation)))
      break
    case 'delete-address':
      unless('EADDRNOTAVAIL', () => deleteAddress(route, 'lo', asHost(operation)))
      break
    case 'add-route':
      unless('EEXIST', () => addRoute(route, hostRoute(operation)))
      break
    case 'delete-route':
      unless('ESRCH', () => deleteRoute(route, hostRoute(operation)))
      break
  }
}

type OnAddress = Extract<Operation, { readonly address: unknown }>

function asHost({ address }: OnAddress): { address: typeof address; prefix: number } {
  return { address, prefix: hostPrefix(address) }
}

function hostRoute({ address }: OnAddress): Parameters<typeof addRoute>[1] {
  return { destination: address, prefix: hostPrefix(address), link: 'lo' }
}

function unless(code: string, act: () => void): void {
  try {
    act()
  } catch (error) {
    if (!isKernelError(error, code)) throw error
  }
}
