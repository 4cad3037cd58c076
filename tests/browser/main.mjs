// A person with a phone, who executes the commands of a story. Every command waits for its result,
// with a timeout. The commands share `phone.mjs` and `screen.mjs`; each export of another file is a
// command.

import { serve } from "../lines.mjs";
import * as account from "./account.mjs";
import * as device from "./device.mjs";
import * as keyboard from "./keyboard.mjs";
import * as navigation from "./navigation.mjs";
import * as outbox from "./outbox.mjs";
import * as passkey from "./passkey.mjs";
import { folders, leave, look, page, start } from "./phone.mjs";
import * as proof from "./proof.mjs";
import * as sight from "./sight.mjs";
import * as task from "./task.mjs";
import * as translation from "./translation.mjs";

const verbs = {
  start,
  leave,
  look,
  ...account,
  ...device,
  ...keyboard,
  ...navigation,
  ...outbox,
  ...passkey,
  ...proof,
  ...sight,
  ...task,
  ...translation,
};

/** Saves a screenshot when a command has waited in vain. */
function withPicture(verb) {
  return async (args) => {
    try {
      return await verb(args);
    } catch (error) {
      await page?.screenshot({ path: folders.keepsake, fullPage: true });
      throw error;
    }
  };
}

await serve(Object.fromEntries(
  Object.entries(verbs).map(([name, verb]) => [name, withPicture(verb)]),
));
