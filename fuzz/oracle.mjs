/** @file What a loader may do with a hostile input: accept it, or refuse it with a ProbityError of one printable line. Everything else is a fault. */
import { ProbityError } from '../dist/src/contracts/errors.js'

const LONGEST_MESSAGE = 4096
// eslint-disable-next-line no-control-regex -- they are what is looked for
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/
const STACK = /\bat (?:async )?[\w.<>]+ \(|\bat file:|node:internal/

/** Null where the refusal is a proper one. */
export function faultOfRefusal(error) {
  if (!(error instanceof ProbityError)) return `${error?.stack ?? error}`
  if (CONTROLS.test(error.message)) return `control characters in the message: ${JSON.stringify(error.message.slice(0, 300))}`
  if (error.message.length > LONGEST_MESSAGE) return `a message of ${error.message.length} characters: ${error.message.slice(0, 300)}`
  if (STACK.test(error.message)) return `a stack trace in the message: ${error.message.slice(0, 300)}`
  if (error.message === '') return 'an empty message'
  return null
}

const BUILTINS = [Object, Array, Function, String, Number, Boolean, Map, Set, RegExp, Promise, Uint8Array, Error].flatMap((constructor) => [constructor, constructor.prototype])
const snapshot = (object) => Reflect.ownKeys(object).map((key) => [key, Object.getOwnPropertyDescriptor(object, key)])
const same = (a, b) => Object.is(a.value, b.value) && a.get === b.get && a.set === b.set

/** @returns a check that names the builtin which is no longer what it was, or gives null; `thorough` compares values, too */
export function watchBuiltins() {
  const before = BUILTINS.map((object) => ({ object, keys: snapshot(object) }))
  const globals = Reflect.ownKeys(globalThis).length
  return (thorough) => {
    for (const { object, keys } of before) {
      if (Reflect.ownKeys(object).length !== keys.length) return `changed ${object.name ?? `${object.constructor.name}.prototype`}`
      if (thorough && keys.some(([key, descriptor]) => !same(descriptor, Object.getOwnPropertyDescriptor(object, key) ?? {}))) return `changed a member of ${object.name ?? `${object.constructor.name}.prototype`}`
    }
    return thorough && Reflect.ownKeys(globalThis).length > globals ? 'made a global variable' : null
  }
}
