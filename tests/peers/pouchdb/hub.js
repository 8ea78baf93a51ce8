// express-pouchdb over LevelDB on a free port of loopback. Prints its address. Only what replication needs is loaded.
//   node hub.js DIRECTORY
"use strict";

const path = require("node:path");
const express = require("express");
const directory = process.argv[2];
const PouchDB = require("pouchdb").defaults({ prefix: path.join(directory, path.sep) });

const app = express();
const options = {
  mode: "minimumForPouchDB",
  inMemoryConfig: true,
  logPath: path.join(directory, "log.txt"),
};
app.use("/", require("express-pouchdb")(PouchDB, options));
const server = app.listen(0, "127.0.0.1", () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
