// One step of a replica; prints one JSON object: what was done, how many milliseconds it took and how many of the processor, starting
// and opening not counted.
//   node replica.js fill   DIRECTORY DOCUMENTS.ndjson   the documents into a local database, in bulk
//   node replica.js push   DIRECTORY URL                the local database to the hub
//   node replica.js pull   DIRECTORY URL                the hub to the local database
//   node replica.js change DIRECTORY                    changes one field of one document locally
//   node replica.js edit   DIRECTORY TIMES              changes one field of every document so many times, in bulk
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const PouchDB = require("pouchdb");

// The largest batch that gains anything; PouchDB's default of 100 is slower.
const BATCH = 1000;

const steps = { fill, push, pull, change, edit };

async function main([step, directory, argument]) {
  const database = new PouchDB(path.join(directory, "replica"), { auto_compaction: true });
  await database.info();
  const processor = process.cpuUsage();
  const begun = process.hrtime.bigint();
  const documents = await steps[step](database, argument);
  const milliseconds = Number(process.hrtime.bigint() - begun) / 1e6;
  const { user, system } = process.cpuUsage(processor);
  await database.close();
  console.log(JSON.stringify({ step, documents, milliseconds, processor_milliseconds: (user + system) / 1e3 }));
}

async function fill(database, file) {
  const documents = fs.readFileSync(file, "utf8").trimEnd().split("\n").map((line) => JSON.parse(line));
  for (let first = 0; first < documents.length; first += BATCH) {
    await database.bulkDocs(documents.slice(first, first + BATCH));
  }
  return documents.length;
}

async function push(database, url) {
  const result = await database.replicate.to(url, { batch_size: BATCH });
  return settled(result);
}

async function pull(database, url) {
  const result = await database.replicate.from(url, { batch_size: BATCH });
  return settled(result);
}

async function change(database) {
  const { rows } = await database.allDocs({ limit: 1, include_docs: true });
  await database.put({ ...rows[0].doc, promised_on: "2027-03-01" });
  return 1;
}

async function edit(database, times) {
  let documents = 0;
  for (let round = 0; round < Number(times); round += 1) {
    const { rows } = await database.allDocs({ include_docs: true });
    documents = rows.length;
    const changed = rows.map(({ doc }) => ({ ...doc, promised_on: `2027-01-${String(1 + round).padStart(2, "0")}` }));
    for (let first = 0; first < changed.length; first += BATCH) {
      await database.bulkDocs(changed.slice(first, first + BATCH));
    }
  }
  return documents;
}

function settled(result) {
  if (!result.ok || result.doc_write_failures > 0) {
    throw new Error(JSON.stringify(result));
  }
  return result.docs_written;
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
