// Command ids: ULIDs, so that a command that is sent again is carried out once.

const DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

let last = 0;

/** Grows with every call, so that ids sort as they were made. */
export function ulid(now: number = Date.now()): string {
  last = Math.max(now, last + 1);
  let time = "";
  for (let rest = last, i = 0; i < 10; i++, rest = Math.floor(rest / 32)) time = DIGITS.charAt(rest % 32) + time;
  const random = crypto.getRandomValues(new Uint8Array(16));
  return time + Array.from(random, (byte) => DIGITS.charAt(byte & 31)).join("");
}
