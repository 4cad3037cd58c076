// The mails that a server without a mail server writes to files of its data folders.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { folders } from "./phone.mjs";

/** How often and how many times the folders are looked into, for 30 seconds in all. */
const POLL_MS = 50;
const POLLS_MAX = 600;

/** Returns the paths of all mails. A folder exists once the first mail is written to it. */
export function mails() {
  return folders.mails.flatMap((folder) => {
    try {
      const names = readdirSync(folder).filter((name) => name.endsWith(".eml"));
      return names.map((name) => join(folder, name));
    } catch (error) {
      if (error.code === "ENOENT") return [];
      throw error;
    }
  });
}

/** Returns the sign-in code of a mail to `email` that is not among the mails `before`. */
export async function newCode(email, before) {
  for (let poll = 0; poll < POLLS_MAX; poll += 1) {
    for (const path of mails().filter((path) => !before.includes(path))) {
      const mail = readFileSync(path, "utf8");
      const code = /^Subject: (\d{6})\b/m.exec(mail)?.[1];
      if (code && new RegExp(`^To: .*${email}`, "im").test(mail)) return code;
    }
    await sleep(POLL_MS);
  }
  throw new Error(`no mail with a code was sent to ${email}`);
}
