// Where the browser keeps the household's own key: as a key that can sign and cannot be read.
export interface OwnKey {
  participant: string;
  publicKey: string;
  key: CryptoKey;
}

const database = "power-share";
const table = "keys";
const name = "own";

function open(): Promise<IDBDatabase> {
  return new Promise((done, fail) => {
    const request = indexedDB.open(database, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(table);
    request.onsuccess = () => done(request.result);
    request.onerror = () => fail(request.error ?? new Error("no database"));
  });
}

async function use<T>(mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const opened = await open();
  try {
    return await new Promise<T>((done, fail) => {
      const request = act(opened.transaction(table, mode).objectStore(table));
      request.onsuccess = () => done(request.result);
      request.onerror = () => fail(request.error ?? new Error("not kept"));
    });
  } finally {
    opened.close();
  }
}

export async function readOwnKey(): Promise<OwnKey | null> {
  try {
    return (await use<OwnKey | undefined>("readonly", (store) => store.get(name))) ?? null;
  } catch {
    return null; // private mode, or a browser without a database: there is no key here
  }
}
export const keepOwnKey = (key: OwnKey) => use("readwrite", (store) => store.put(key, name));
export const forgetOwnKey = () => use("readwrite", (store) => store.delete(name));
