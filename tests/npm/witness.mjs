// What the witnesses of the formats share: one picture, and what becomes of a call that fails.

// A PNG, and behind its end every byte there is, so that a byte lost on the way shows.
const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";
export const PICTURE = Buffer.concat([
  Buffer.from(PNG, "base64"),
  Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
]).toString("base64");

// A shape every format can be told.
export const SCHEMA = {
  type: "object",
  properties: { city: { type: "string" }, people: { type: "integer" } },
  required: ["city", "people"],
  additionalProperties: false,
};

// The class, status and code of the error something fails with.
export async function failure(work) {
  try {
    return { answered: await work() };
  } catch (error) {
    const { status = null, code = null, param = null, type = null, message, requestID = null } = error;
    return { class: error.constructor.name, status, code, param, type, message, requestID };
  }
}
