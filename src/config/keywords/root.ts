/** The top level, and the blocks that are too small for a file of their own. */
import type { GarpGroup, InterfaceDelay } from '../../model/configuration.ts'
import type { Context } from '../context.ts'
import { blocks, entries, ignored, once, readBlock, refused, type Table, table, words } from '../keyword.ts'
import type { Statement } from '../statement.ts'
import { anything, integer, present, readTimer, text, timer, type Value } from '../value.ts'
import { addressEntry } from './address-entry.ts'
import { BFD_INSTANCE } from './bfd-instance.ts'
import { SSL } from './checkers.ts'
import { GLOBAL_DEFS } from './global-defs.ts'
import { routeEntry, ruleEntry } from './route-entry.ts'
import { TRACK_FILE, TRACK_PROCESS, VRRP_SCRIPT } from './scripts.ts'
import { GROUP_ENTRY, VIRTUAL_SERVER } from './virtual-server.ts'
import { VRRP_INSTANCE, VRRP_SYNC_GROUP } from './vrrp-instance.ts'

const GARP_GROUP_KEYWORDS = {
  garp_interval: once(timer(0, 4294), { default: 0, doc: 'Pause between two gratuitous ARPs.' }),
  gna_interval: once(timer(0, 4294), { default: 0, doc: 'Pause between two unsolicited neighbour advertisements.' }),
  interface: once(text('INTERFACE'), { doc: 'One interface.' }),
  interfaces: words('INTERFACE', { doc: 'Several that share a switch.' }),
} as const
const GARP_GROUP: Table = table(
  'garp_group',
  { doc: 'Interfaces whose announcements are spaced out.' },
  GARP_GROUP_KEYWORDS,
)

const TRACK_GROUP: Table = table(
  'track_group',
  { syntax: 'NAME', doc: 'Instances that fail with a static address or route.' },
  { group: words('VRRP_INSTANCE', { doc: 'Their names.' }) },
)

const delay: Value<InterfaceDelay> = {
  syntax: 'INTERFACE DOWN [UP]',
  read(words) {
    const device = words.need()
    const down = words.need()
    const downMs = down === undefined ? undefined : readTimer(words, down, 0, 255)
    const up = words.take()
    const upMs = up === undefined ? downMs : readTimer(words, up, 0, 255)
    return device === undefined || downMs === undefined || upMs === undefined
      ? undefined
      : { interface: device.text, downMs, upMs }
  },
}

const linkbeat: Value<true> = anything('INTERFACE [MII|ETHTOOL|IOCTL]')

export const ROOT: Table = table(
  'the top level',
  { doc: 'What is in no block.' },
  {
    global_defs: blocks(GLOBAL_DEFS),
    vrrp_instance: blocks(VRRP_INSTANCE),
    vrrp_sync_group: blocks(VRRP_SYNC_GROUP),
    vrrp_script: blocks(VRRP_SCRIPT),
    track_file: blocks(TRACK_FILE),
    vrrp_track_file: blocks(TRACK_FILE, { instead: 'track_file' }),
    vrrp_track_process: blocks(TRACK_PROCESS),
    track_group: blocks(TRACK_GROUP, {
      standing: ignored('static addresses and routes are put back whoever tracks them'),
    }),
    static_ipaddress: entries(addressEntry, { doc: 'Addresses that stay on this machine.' }),
    static_routes: entries(routeEntry, { doc: 'Routes that stay.' }),
    static_rules: entries(ruleEntry, { doc: 'Policy rules that stay.' }),
    garp_group: blocks(GARP_GROUP),
    interface_up_down_delays: entries(delay, {
      doc: 'How long an interface must be down, or up again, until that counts.',
    }),
    linkbeat_interfaces: entries(linkbeat, {
      doc: 'Interfaces that are asked for their state.',
      standing: ignored('the kernel reports every change'),
    }),
    bfd_instance: blocks(BFD_INSTANCE),
    virtual_server: blocks(VIRTUAL_SERVER),
    virtual_server_group: entries(GROUP_ENTRY, { doc: 'Addresses and marks that share their real servers.' }),
    SSL: blocks(SSL),
    net_namespace: once(text('NAME'), {
      doc: 'The network namespace to run in.',
      standing: refused('start sluice inside it: ip netns exec NAME sluice run'),
    }),
    net_namespace_ipvs: once(text('NAME'), {
      doc: 'The namespace of the services.',
      standing: refused('VRRP and services share a namespace'),
    }),
    namespace_with_ipsets: once(present, { doc: 'ipsets on old kernels.', standing: ignored('sluice uses no ipsets') }),
    instance: once(text('NAME'), {
      doc: 'Tells several keepaliveds apart.',
      standing: ignored('every namespace has a sluice of its own'),
    }),
    use_pid_dir: once(present, {
      doc: 'Where process ids are kept.',
      standing: ignored('sluice keeps them in /run/sluice'),
    }),
    linkbeat_use_polling: once(present, {
      doc: 'Asks links for their state.',
      standing: ignored('the kernel reports every change'),
    }),
    child_wait_time: once(integer(0, 3600), {
      doc: 'How long children may take to stop.',
      standing: ignored('sluice waits as long as they need'),
    }),
  },
)

export function elaborateGarpGroup(statement: Statement, context: Context): GarpGroup {
  const { values } = readBlock(GARP_GROUP_KEYWORDS, statement, context.report)
  const names = values.interfaces.map(word => word.text)
  return {
    interfaces: values.interface === undefined ? names : [values.interface, ...names],
    arpIntervalMs: values.garp_interval,
    naIntervalMs: values.gna_interval,
  }
}
