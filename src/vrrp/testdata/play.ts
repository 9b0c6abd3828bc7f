/**
 * Plays a transcript: commands in, and under `----` all that happened, in virtual time. Commands:
 *
 *   router NAME ADDRESS [SETTING …]    a machine with one instance, VI_1 on eth0; not started yet
 *   instance ROUTER NAME [SETTING …]   another instance on it
 *   group ROUTER NAME INSTANCE …       a sync group
 *   start NAME …   stop NAME …   kill NAME …   resume NAME …
 *   run 4s                             lets time pass
 *   unplug NAME [LINK]   plug NAME [LINK]   address NAME none|ADDRESS [LINK]
 *   cut NAME NAME   join NAME NAME     the network between two of them
 *   priority NAME N   track NAME ok|failed CAUSE …
 *   reload NAME [SETTING …]            changes settings of its first instance
 *   forge NAME FIELD=VALUE …           a stranger's packet for it
 *
 * Settings: priority=100 interval=1s version=2 state=master id=51 on=eth0 vips=1 preempt=no preempt-delay=3s
 * garp-delay=5s refresh=10s auth=pass:word|ah:word|none peers=10.0.0.2,10.0.0.3 lower-prio-no-advert
 * higher-prio-send-advert skip-check-adv-addr.
 *
 * Lines that keepalived writes with -D only have a `*`. An advertisement like the one before it is only counted.
 */

import { type Ip, ip } from '../../bytes/address.ts'
import type { VrrpInstance, VrrpSyncGroup } from '../../model/vrrp-instance.ts'
import { authDataFromPassword, encodeAdvertisement, vrrpPseudoSum } from '../../wire/vrrp.ts'
import { advertisementOf } from '../advertise.ts'
import type { Effect } from '../effect.ts'
import { INSTANCE, virtualAddress } from './instance.ts'
import type { Router } from './router.ts'
import { Segment } from './segment.ts'

interface Plan {
  readonly address: Ip
  instances: VrrpInstance[]
  groups: VrrpSyncGroup[]
}

export class Play {
  readonly #world = new Segment()
  readonly #plans = new Map<string, Plan>()
  readonly #cuts = new Set<string>()
  readonly #lastAdvertised = new Map<string, number>()
  readonly #lastHeld = new Map<string, string>()
  #more = new Map<string, number>()
  #lines: string[] = []

  constructor() {
    this.#world.carry = (from, to) => (this.#cuts.has(`${from.name} ${to.name}`) ? [] : [0.1])
    this.#world.observe = (machine, instance, effect) => this.#observe(machine, instance, effect)
  }

  /** One block of commands; what happened, a line each. */
  perform(commands: readonly string[]): readonly string[] {
    this.#lines = []
    this.#more = new Map()
    for (const command of commands) this.#command(command.split(/\s+/))
    for (const [who, count] of this.#more)
      this.#lines.push(`         ${who} advertised ${count} more ${count === 1 ? 'time' : 'times'}`)
    return this.#lines.length > 0 ? this.#lines : ['quiet']
  }

  #command([verb, ...words]: readonly string[]): void {
    const [name = '', second = ''] = words
    switch (verb) {
      case 'router':
        this.#plans.set(name, { address: ip(second), instances: [configure(INSTANCE, words.slice(2))], groups: [] })
        break
      case 'instance': {
        const plan = this.#plans.get(name)!
        const { length } = plan.instances
        const other = {
          ...INSTANCE,
          name: second,
          routerId: 51 + length,
          addresses: [virtualAddress(ip(`10.0.${length}.100`))],
        }
        plan.instances.push(configure(other, words.slice(2)))
        break
      }
      case 'group': {
        const { track, notify } = INSTANCE
        const group = { name: second, instances: words.slice(2), track, notify, trackingWeight: false }
        this.#plans.get(name)!.groups.push(group)
        break
      }
      case 'start':
      case 'resume':
        for (const word of words) {
          const machine = this.#machine(word)
          for (const who of this.#lastAdvertised.keys()) if (who.startsWith(word)) this.#lastAdvertised.delete(who)
          this.#world.act(machine, () => machine.start(this.#world.nowMs, verb === 'resume'))
        }
        break
      case 'stop':
        for (const word of words) this.#act(word, machine => machine.stop(this.#world.nowMs))
        break
      case 'kill':
        for (const word of words) this.#act(word, machine => machine.kill())
        break
      case 'run':
        this.#world.runUntil(this.#world.nowMs + milliseconds(name))
        break
      case 'plug':
      case 'unplug':
        this.#act(name, machine => machine.plug(second || 'eth0', verb === 'plug', this.#world.nowMs))
        break
      case 'address': {
        const address = second === 'none' ? undefined : ip(second)
        this.#act(name, machine => machine.renumber(words[2] ?? 'eth0', address, this.#world.nowMs))
        break
      }
      case 'cut':
      case 'join':
        for (const pair of [`${name} ${second}`, `${second} ${name}`]) {
          if (verb === 'cut') this.#cuts.add(pair)
          else this.#cuts.delete(pair)
        }
        break
      case 'priority':
        this.#act(name, machine =>
          machine.step(first(machine).name, { type: 'priority', priority: Number(second) }, this.#world.nowMs),
        )
        break
      case 'track': {
        const event = { type: 'track', cause: words.slice(2).join(' '), failed: second === 'failed' } as const
        this.#act(name, machine => machine.step(first(machine).name, event, this.#world.nowMs))
        break
      }
      case 'reload': {
        const plan = this.#plans.get(name)!
        plan.instances = [configure(plan.instances[0]!, words.slice(1)), ...plan.instances.slice(1)]
        this.#act(name, machine => machine.reload(plan.instances, plan.groups, this.#world.nowMs))
        break
      }
      case 'forge':
        this.#forge(this.#world.machines.get(name)!, Object.fromEntries(words.slice(1).map(word => word.split('='))))
        break
      default:
        throw new Error(`a transcript has no command "${verb}"`)
    }
  }

  #machine(name: string): Router {
    const plan = this.#plans.get(name)
    if (plan === undefined) throw new Error(`there is no router ${name}`)
    const { address, instances, groups } = plan
    return this.#world.machines.get(name) ?? this.#world.add(name, address, instances, groups)
  }

  #act(name: string, action: (machine: Router) => void): void {
    const machine = this.#machine(name)
    this.#world.act(machine, () => action(machine))
  }

  #forge(machine: Router, fields: Readonly<Record<string, string>>): void {
    const instance = first(machine)
    const settings = ['version', 'interval', 'vips', 'auth'].flatMap(key =>
      fields[key] === undefined ? [] : [`${key}=${fields[key]}`],
    )
    const posed = configure(instance, settings)
    const source = ip(fields.from ?? '10.0.0.9')
    const destination = ip(fields.to ?? '224.0.0.18')
    const honest = advertisementOf(posed, Number(fields.priority ?? 100))
    const typed = { ...honest, type: Number(fields.type ?? 1) }
    const { password } = fields
    const forged =
      typed.version === 2 && password !== undefined
        ? { ...typed, authType: 1, authData: authDataFromPassword(password) }
        : typed
    const width = 8 + 4 * forged.addresses.length
    const payload = encodeAdvertisement(forged, forged.version === 3 ? vrrpPseudoSum(source, destination, width) : 0)
    if (fields.checksum === 'bad') payload[6] = payload[6]! ^ 0xff
    const bytes = payload.subarray(0, Number(fields.length ?? payload.length))
    const received = {
      source,
      destination,
      hopLimit: Number(fields.ttl ?? 255),
      payload: bytes,
      authenticated: undefined,
    }
    this.#world.inject(machine, instance.interface, received)
  }

  #observe(machine: Router, instance: VrrpInstance, effect: Effect): void {
    const say = (text: string) => this.#lines.push(`${seconds(this.#world.nowMs)} ${machine.name} ${text}`)
    const who = machine.instances.length > 1 ? `${machine.name} ${instance.name}` : machine.name
    switch (effect.type) {
      case 'log':
        say(effect.detail ? `* ${effect.text}` : effect.text)
        break
      case 'advertise':
        if (this.#lastAdvertised.get(who) === effect.priority) {
          this.#more.set(who, (this.#more.get(who) ?? 0) + 1)
          break
        }
        this.#lastAdvertised.set(who, effect.priority)
        say(`advertises priority ${effect.priority}${machine.instances.length > 1 ? ` for ${instance.name}` : ''}`)
        break
      case 'apply': {
        const held = [...machine.held.values()].flat().join(' ') || 'nothing'
        if (held !== (this.#lastHeld.get(machine.name) ?? 'nothing')) say(`holds ${held}`)
        this.#lastHeld.set(machine.name, held)
        break
      }
      case 'announce':
        say(`announces ${effect.addresses.map(({ address }) => address).join(' ')} ×${effect.repeat}`)
        break
      case 'notify':
        if (effect.state !== 'MASTER' && !effect.state.startsWith('MASTER_')) this.#lastAdvertised.delete(who)
        say(`notifies ${effect.about} ${effect.name} ${effect.state} ${effect.priority}`)
    }
  }
}

function first(machine: Router): VrrpInstance {
  return machine.instances[0]!
}

function configure(instance: VrrpInstance, settings: readonly string[]): VrrpInstance {
  let changed = instance
  for (const setting of settings) changed = { ...changed, ...settingOf(changed, setting) }
  return changed
}

function settingOf(instance: VrrpInstance, setting: string): Partial<VrrpInstance> {
  const [key, value = ''] = setting.split('=')
  switch (key) {
    case 'priority':
      return { priority: Number(value) }
    case 'interval':
      return { advertIntervalMs: milliseconds(value) }
    case 'version':
      return { version: value === '3' ? 3 : 2 }
    case 'state':
      return { initialState: value === 'master' ? 'master' : 'backup' }
    case 'id':
      return { routerId: Number(value) }
    case 'on':
      return { interface: value }
    case 'vips':
      return { addresses: Array.from({ length: Number(value) }, (_, i) => virtualAddress(ip(`10.0.0.${100 + i}`))) }
    case 'preempt':
      return { preempt: value !== 'no' }
    case 'preempt-delay':
      return { preemptDelayMs: milliseconds(value) }
    case 'garp-delay':
      return { garp: { ...instance.garp, delayMs: milliseconds(value) } }
    case 'refresh':
      return { garp: { ...instance.garp, refreshMs: milliseconds(value) } }
    case 'peers':
      return { unicastPeers: value.split(',').map(ip) }
    case 'lower-prio-no-advert':
      return { lowerPriorityNoAdvert: true }
    case 'higher-prio-send-advert':
      return { higherPrioritySendAdvert: true }
    case 'skip-check-adv-addr':
      return { skipCheckAdvertAddresses: true }
    case 'auth': {
      const [type, password = ''] = value.split(':')
      if (type === 'none') return { authentication: { type } }
      return { authentication: { type: type === 'ah' ? 'ah' : 'pass', password } }
    }
    default:
      throw new Error(`an instance has no setting "${key}"`)
  }
}

function milliseconds(text: string): number {
  const [, digits, unit] = /^([\d.]+)(ms|s)$/.exec(text) ?? []
  if (digits === undefined) throw new Error(`"${text}" is no duration`)
  return Number(digits) * (unit === 's' ? 1000 : 1)
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3).padStart(8)
}
