/**
 * The kernel functions that a program may call (include/uapi/linux/bpf.h, enum bpf_func_id). `moves` says that a call
 * may move the packet: every pointer into it is void afterwards, and the language refuses to use one.
 */
export interface Helper {
  readonly name: string
  readonly id: number
  readonly moves?: true
}

export const HELPER: Readonly<Record<HelperKey, Helper>> = {
  mapLookup: { name: 'map_lookup_elem', id: 1 },
  mapUpdate: { name: 'map_update_elem', id: 2 },
  mapDelete: { name: 'map_delete_elem', id: 3 },
  ktime: { name: 'ktime_get_ns', id: 5 },
  random: { name: 'get_prandom_u32', id: 7 },
  processorId: { name: 'get_smp_processor_id', id: 8 },
  storeBytes: { name: 'skb_store_bytes', id: 9, moves: true },
  l4ChecksumReplace: { name: 'l4_csum_replace', id: 11, moves: true },
  tailCall: { name: 'tail_call', id: 12 },
  redirect: { name: 'redirect', id: 23 },
  checksumDifference: { name: 'csum_diff', id: 28 },
  changeTail: { name: 'skb_change_tail', id: 38, moves: true },
  pullData: { name: 'skb_pull_data', id: 39, moves: true },
  adjustHead: { name: 'xdp_adjust_head', id: 44, moves: true },
  adjustRoom: { name: 'skb_adjust_room', id: 50, moves: true },
  fibLookup: { name: 'fib_lookup', id: 69 },
  jiffies: { name: 'jiffies64', id: 118 },
  redirectNeighbour: { name: 'redirect_neigh', id: 152 },
  timerInit: { name: 'timer_init', id: 169 },
  timerSetCallback: { name: 'timer_set_callback', id: 170 },
  timerStart: { name: 'timer_start', id: 171 },
  loop: { name: 'loop', id: 181 },
}

/** No kernel has it: how a program that is compiled to be traced tells the interpreter what it does (`Code.tell`). */
export const TELL: Helper = { name: 'tell', id: 0x7e11 }

export type HelperKey =
  | 'mapLookup'
  | 'mapUpdate'
  | 'mapDelete'
  | 'ktime'
  | 'random'
  | 'processorId'
  | 'storeBytes'
  | 'l4ChecksumReplace'
  | 'tailCall'
  | 'redirect'
  | 'checksumDifference'
  | 'changeTail'
  | 'pullData'
  | 'adjustHead'
  | 'adjustRoom'
  | 'fibLookup'
  | 'jiffies'
  | 'redirectNeighbour'
  | 'timerInit'
  | 'timerSetCallback'
  | 'timerStart'
  | 'loop'

const names: ReadonlyMap<number, string> = new Map(
  [...Object.values(HELPER), TELL].map(helper => [helper.id, helper.name]),
)

/** `fib_lookup`, or `helper_999` for one this table does not know. */
export function helperName(id: number): string {
  return names.get(id) ?? `helper_${id}`
}
