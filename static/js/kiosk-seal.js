/* Signing and sealing, as portal/kiosk/sealing.py opens it. What is sealed cannot be opened here. */

const CURVE = { name: "ECDH", namedCurve: "P-256" };
const INFO = new TextEncoder().encode("gatehouse-kiosk-1");

/* The keys as the browser keeps them: usable, and never to be read out again. */
export async function importKeys({ signing, public: point }) {
  return {
    signing: await crypto.subtle.importKey(
      "raw", bytesOf(signing), { name: "HMAC", hash: "SHA-256" }, false, ["sign"],
    ),
    public: await crypto.subtle.importKey("raw", bytesOf(point), CURVE, true, []),
  };
}

/* A fresh public key, a nonce, and the ciphertext, to which the event belongs. */
export async function seal(publicKey, event, plain) {
  const own = await crypto.subtle.generateKey(CURVE, true, ["deriveBits"]);
  const shared = await crypto.subtle.deriveBits(
    { name: "ECDH", public: publicKey }, own.privateKey, 256,
  );
  const secret = await crypto.subtle.importKey("raw", shared, "HKDF", false, ["deriveKey"]);
  const key = await crypto.subtle.deriveKey(
    { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: INFO },
    secret, { name: "AES-GCM", length: 256 }, false, ["encrypt"],
  );
  const nonce = crypto.getRandomValues(new Uint8Array(12));
  const body = await crypto.subtle.encrypt(
    { name: "AES-GCM", iv: nonce, additionalData: event }, key, plain,
  );
  const point = await crypto.subtle.exportKey("raw", own.publicKey);
  return joined([new Uint8Array(point), nonce, new Uint8Array(body)]);
}

export async function sign(signingKey, event, sealed) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", sealed));
  const signed = joined([event, new Uint8Array(1), digest]);
  const signature = new Uint8Array(await crypto.subtle.sign("HMAC", signingKey, signed));
  return [...signature].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/* Each picture behind its length. */
export async function packed(pictures) {
  const parts = [];
  for (const picture of pictures) {
    const data = new Uint8Array(await picture.arrayBuffer());
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, data.length);
    parts.push(length, data);
  }
  return joined(parts);
}

function joined(parts) {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function bytesOf(hex) {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}
