/**
 * The kernel's answer to `bpf_fib_lookup`, which only programs may ask: a program of two lines asks for us when it is
 * test-run. Nothing is sent.
 */
import { closeSync } from 'node:fs'
import { ETHERNET_BYTES } from '../balancer/program/headers.ts'
import { CONTEXT_BYTES, TC } from '../balancer/program/hook.ts'
import type { ProgramSource } from '../bpf/compile.ts'
import { HELPER } from '../bpf/helper.ts'
import { loadSource, testRun } from './bpf.ts'

/** `struct bpf_fib_lookup` */
const FIB_BYTES = 64

/** The question comes and the answer goes behind an Ethernet header; the verdict is what the kernel returned. */
const ASKER: ProgramSource = {
  name: 'sluice_way',
  type: 'tc',
  main: code => {
    const context = code.parameter(0)
    const fields = code.pointer(context, CONTEXT_BYTES)
    const data = fields.get(TC.data)
    const bytes = ETHERNET_BYTES + FIB_BYTES
    code.guard(data.add(bytes).le(fields.get(TC.dataEnd)), () => code.exit(-1))
    const question = code.pointer(data, bytes, true).at(ETHERNET_BYTES)
    const parameters = code.frame(FIB_BYTES)
    // Four bytes at a time: behind the Ethernet header nothing is aligned to eight.
    for (let at = 0; at < FIB_BYTES; at += 4) parameters.set([at, 'u32'], question.get([at, 'u32']))
    const result = code.call(HELPER.fibLookup, context, parameters.address(), FIB_BYTES, 0)
    for (let at = 0; at < FIB_BYTES; at += 4) question.set([at, 'u32'], parameters.get([at, 'u32']))
    code.exit(result)
  },
}

/** Asks in the current namespace. */
export class FibLookup {
  readonly #program: number

  /** Wants CAP_BPF and CAP_NET_ADMIN. */
  constructor() {
    this.#program = loadSource(ASKER, {})
  }

  /** 64 bytes of parameters; the answer has its own. */
  ask(parameters: Uint8Array): { readonly result: number; readonly parameters: Uint8Array } {
    const packet = new Uint8Array(ETHERNET_BYTES + FIB_BYTES)
    packet.set(parameters, ETHERNET_BYTES)
    const answer = testRun(this.#program, packet)
    return { result: answer.verdict | 0, parameters: answer.packet.slice(ETHERNET_BYTES, ETHERNET_BYTES + FIB_BYTES) }
  }

  [Symbol.dispose](): void {
    closeSync(this.#program)
  }
}
