/**
 * Signals without a name, which `process.on` does not take: keepalived's JSON signal is SIGRTMIN+2. Node's own handle for
 * signals takes any number; if a later node has it no more, such a signal is not heard.
 */

interface SignalHandle {
  onsignal: () => void
  start(signal: number): number
  unref(): void
}
type Binding = { readonly Signal: new () => SignalHandle }

export function onSignalNumber(signal: number, onSignal: () => void): void {
  const bindingOf = (process as unknown as { binding?: (name: string) => Binding }).binding
  if (bindingOf === undefined) return
  // Node would print a warning that nobody who reads the log can do anything about.
  const { noDeprecation } = process
  process.noDeprecation = true
  const handle = new (bindingOf.call(process, 'signal_wrap').Signal)()
  process.noDeprecation = noDeprecation ?? false
  handle.onsignal = onSignal
  handle.unref()
  handle.start(signal)
  handles.push(handle)
}

/** What is collected as garbage hears nothing. */
const handles: SignalHandle[] = []
