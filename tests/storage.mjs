// Reads all storage that scripts of a page can read, as text, and plants a text in each kind of
// storage, which proves that a search of them finds such a text.

/** Returns everything that a script of this page could read, by kind of storage. */
export function readStorage(page) {
  return page.evaluate(async () => {
    const asText = (value) => JSON.stringify(value, (_, part) => part ?? null);

    async function readDatabase({ name }) {
      const database = await promised(indexedDB.open(name));
      const stores = [...database.objectStoreNames];
      if (stores.length === 0) return [];
      const transaction = database.transaction(stores);
      const reads = stores.map((store) => transaction.objectStore(store).getAll());
      const rows = (await Promise.all(reads.map(promised))).flat();
      database.close();
      return Promise.all(rows.map((row) => (row instanceof Blob ? row.text() : asText(row))));
    }

    async function readCache(name) {
      const cache = await caches.open(name);
      const answers = await cache.matchAll();
      return Promise.all(answers.map(async (answer) => `${answer.url} ${await answer.text()}`));
    }

    function promised(request) {
      return new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    }

    const fields = [...document.querySelectorAll("input, textarea")];
    return {
      localStorage: asText({ ...localStorage }),
      sessionStorage: asText({ ...sessionStorage }),
      cookies: document.cookie,
      address: location.href,
      history: asText(history.state),
      document: document.documentElement.outerHTML,
      fields: fields.map((field) => field.value),
      databases: await Promise.all((await indexedDB.databases()).map(readDatabase)),
      caches: await Promise.all((await caches.keys()).map(readCache)),
    };
  });
}

/** Stores `text` in every kind of storage of a page. */
export function plant(page, text) {
  return page.evaluate(async (text) => {
    localStorage.setItem("control", text);
    sessionStorage.setItem("control", text);
    const cache = await caches.open("control");
    await cache.put("/control", new Response(text));
    await new Promise((resolve, reject) => {
      const opening = indexedDB.open("control", 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore("control");
      opening.onerror = () => reject(opening.error);
      opening.onsuccess = () => {
        const writing = opening.result.transaction("control", "readwrite");
        writing.objectStore("control").put({ text }, "control");
        writing.oncomplete = () => resolve(opening.result.close());
        writing.onerror = () => reject(writing.error);
      };
    });
  }, text);
}
