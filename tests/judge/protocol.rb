# SPDX-License-Identifier: MIT
#
# An outsider's check of docs/protocol.md: takes nothing but the page, RFCs and
# ruby's libraries, and recomputes its vectors.
require "cbor"
require "cose"
require "digest"
require "openssl"

PAGE = File.read("docs/protocol.md")
VECTORS = PAGE.scan(/^```vector (\S+)\n(.*?)^```$/m).to_h { |n, hex| [n, [hex.delete("\n")].pack("H*")] }
LABELS = PAGE.scan(/^\| `(LABEL_\w+)` \| `([^`]+)` \|/).to_h
$checked = 0

def v(name) = VECTORS.fetch(name)

def same(what, got, want)
  $checked += 1
  return if got == want

  warn "FAILED: #{what}: computed #{got.inspect}, the page says #{want.inspect}"
  exit 1
end

def sha256(bytes) = Digest::SHA256.digest(bytes)

# -- keys: secrets are hashes of sentences, public halves follow from them
def p256(name)
  secret = sha256("signet test vector: #{name} key")
  same "#{name}-private", secret, v("#{name}-private")
  group = OpenSSL::PKey::EC::Group.new("prime256v1")
  point = group.generator.mul(OpenSSL::BN.new(secret, 2))
  pub = point.to_octet_string(:uncompressed)
  same "#{name}-public", pub, v("#{name}-public")
  same "#{name}-id", sha256(pub)[0, 8], v("#{name}-id")
  spki = OpenSSL::ASN1::Sequence([
    OpenSSL::ASN1::Sequence([OpenSSL::ASN1::ObjectId("id-ecPublicKey"), OpenSSL::ASN1::ObjectId("prime256v1")]),
    OpenSSL::ASN1::BitString(pub)
  ]).to_der
  pkey = OpenSSL::PKey.read(spki)
  kid = v("#{name}-id")
  pkey.define_singleton_method(:kid) { kid }
  pkey
end

def sign1(name, payload_name, key, label)
  message = COSE::Sign1.deserialize(v(name))
  same "#{name}: payload", message.payload, v(payload_name)
  message.verify(key, LABELS.fetch(label).b)
  same "#{name}: what is signed", message.send(:verification_data, LABELS.fetch(label).b), v("#{name}-tbs")
  CBOR.decode(message.payload)
end

device = p256("device")
release = p256("release")
claims = sign1("credential", "credential-claims", device, "LABEL_CREDENTIAL")
firmware = sign1("firmware", "firmware-payload", release, "LABEL_FIRMWARE")
header = sign1("release-header", "release-header-payload", release, "LABEL_RELEASE")

# -- image
plain = (0...108).to_a.pack("C*")
digest = sha256(LABELS.fetch("LABEL_IMAGE").b + [0x08000000, 100].pack("VV") + plain[0, 100] +
                [0x08001000, 8].pack("VV") + plain[100, 8])
same "image-digest", digest, v("image-digest")
same "digest in the credential", claims[-70004], digest
same "digest in the firmware signature", firmware[4], digest
same "segments", firmware[5], [[0x08000000, 100], [0x08001000, 8]]
same "fields 1 to 5 of the header", header.slice(1, 2, 3, 4, 5), firmware
same "grant, big-endian", claims[7].unpack1("Q>"), 42

# -- flash record: magic, type, length, data, FF up to a multiple of 8
magic = Integer(PAGE[/`RECORD_MAGIC` \| (\S+)/, 1])
record = [magic, 2, v("credential").size].pack("Vvv") + v("credential")
record += "\xff".b * (-record.size % 8)
same "credential-record", record, v("credential-record")

# -- HPKE (RFC 9180), receiver's side
def extract(salt, ikm) = OpenSSL::HMAC.digest("SHA256", salt, ikm)

def expand(prk, info, len)
  t = "".b
  out = "".b
  i = 0
  while out.size < len
    i += 1
    t = OpenSSL::HMAC.digest("SHA256", prk, t + info + [i].pack("C"))
    out += t
  end
  out[0, len]
end

def labeled_extract(suite, salt, label, ikm) = extract(salt, "HPKE-v1".b + suite + label + ikm)

def labeled_expand(suite, prk, label, info, len)
  expand(prk, [len].pack("n") + "HPKE-v1".b + suite + label + info, len)
end

def x25519_private(raw) = OpenSSL::PKey.read(["302e020100300506032b656e04220420"].pack("H*") + raw)
def x25519_public(raw) = OpenSSL::PKey.read(["302a300506032b656e032100"].pack("H*") + raw)
def raw_public(key) = key.public_to_der[-32..]

def open_aead(key, nonce, aad, sealed)
  c = OpenSSL::Cipher.new("chacha20-poly1305").decrypt
  c.key = key
  c.iv = nonce
  c.auth_tag = sealed[-16..]
  c.auth_data = aad
  c.update(sealed[0...-16]) + c.final
end

def hpke_open(secret, enc, info, aad, sealed)
  kem = "KEM\x00\x20".b
  hpke = "HPKE\x00\x20\x00\x01\x00\x03".b
  dh = secret.derive(x25519_public(enc))
  prk = labeled_extract(kem, "", "eae_prk", dh)
  shared = labeled_expand(kem, prk, "shared_secret", enc + raw_public(secret), 32)
  context = "\0".b + labeled_extract(hpke, "", "psk_id_hash", "") + labeled_extract(hpke, "", "info_hash", info)
  s = labeled_extract(hpke, shared, "secret", "")
  open_aead(labeled_expand(hpke, s, "key", context, 32), labeled_expand(hpke, s, "base_nonce", context, 12), aad, sealed)
end

same "hpke-private", sha256("signet test vector: hpke key"), v("hpke-private")
secret = x25519_private(v("hpke-private"))
same "hpke-public", raw_public(secret), v("hpke-public")
ephemeral = x25519_private(v("hpke-ephemeral-private"))
same "hpke-enc", raw_public(ephemeral), v("hpke-enc")
same "release-header-digest", sha256(v("release-header")), v("release-header-digest")
opened = hpke_open(secret, v("hpke-enc"), LABELS.fetch("LABEL_HPKE_RELEASE").b, v("release-header-digest"),
                   v("release-sealed"))
same "plaintext in the seal", opened, plain
same "release-file", CBOR.encode(["signet-release-v1", v("release-header"), v("firmware"), v("hpke-enc"),
                                  v("release-sealed")]), v("release-file")

# -- chunks and content key
same "content-key", sha256("signet test vector: content key"), v("content-key")
at = 0
[64, 44].each_with_index do |len, i|
  nonce = ("\0" * 4).b + [i].pack("Q<")
  aad = v("release-header-digest") + [i, i == 1 ? 1 : 0].pack("VC")
  same "chunk-#{i}-nonce", nonce, v("chunk-#{i}-nonce")
  same "chunk-#{i}-aad", aad, v("chunk-#{i}-aad")
  same "chunk #{i}", open_aead(v("content-key"), nonce, aad, v("chunks")[at, len + 16]), plain[i * 64, len]
  at += len + 16
end
same "length of the stream", at, v("chunks").size
aad = "order-7\0".b + v("release-header-digest")
same "content-key-aad", aad, v("content-key-aad")
same "content key to a station",
     hpke_open(secret, v("hpke-enc"), LABELS.fetch("LABEL_HPKE_CONTENT_KEY").b, aad, v("content-key-sealed")),
     v("content-key")

# -- sealed: both messages from the text of "Handshake", Noise from its paper
def seal_aead(key, nonce, aad, text)
  c = OpenSSL::Cipher.new("chacha20-poly1305").encrypt
  c.key = key
  c.iv = nonce
  c.auth_data = aad
  (text.empty? ? "".b : c.update(text)) + c.final + c.auth_tag
end

def noise_nonce(number) = ("\0" * 4).b + [number].pack("Q<")

class Symmetric
  attr_reader :ck, :h

  def initialize(name)
    @h = name.size <= 32 ? name.b.ljust(32, "\0") : sha256(name)
    @ck = @h
  end

  def mix_hash(data) = @h = sha256(@h + data)

  def mix_key(input) = (@ck, @k = noise_hkdf(@ck, input, 2))

  def mix_key_and_hash(input)
    @ck, hash, @k = noise_hkdf(@ck, input, 3)
    mix_hash(hash)
  end

  def encrypt(text)
    sealed = seal_aead(@k, noise_nonce(0), @h, text)
    mix_hash(sealed)
    sealed
  end
end

def noise_hkdf(key, input, count)
  prk = OpenSSL::HMAC.digest("SHA256", key, input)
  last = "".b
  (1..count).map { |i| last = OpenSSL::HMAC.digest("SHA256", prk, last + [i].pack("C")) }
end

def handshake(name, psk, claim, delivery)
  s = Symmetric.new(name)
  static = x25519_private(v("noise-static-private"))
  mine = x25519_private(v("loader-ephemeral-private"))
  theirs = x25519_private(v("server-ephemeral-private"))
  s.mix_hash(v("prologue"))
  s.mix_hash(raw_public(static))
  s.mix_key_and_hash(psk) if psk
  s.mix_hash(raw_public(mine))
  s.mix_key(raw_public(mine)) if psk
  s.mix_key(mine.derive(x25519_public(raw_public(static))))
  first = raw_public(mine) + s.encrypt(claim)
  s.mix_hash(raw_public(theirs))
  s.mix_key(raw_public(theirs)) if psk
  s.mix_key(theirs.derive(x25519_public(raw_public(mine))))
  second = raw_public(theirs) + s.encrypt(delivery)
  [first, second, s.h, *noise_hkdf(s.ck, "", 2)]
end

def crc16(bytes)
  bytes.each_byte.reduce(0xffff) do |crc, b|
    crc ^= b << 8
    8.times { crc = crc[15] == 1 ? (crc << 1 ^ 0x1021) & 0xffff : crc << 1 }
    crc
  end
end

def number(name) = Integer(PAGE[/^\| `#{name}` \| (\S+)/, 1])

def frame(type, index, body)
  head = [number(type), index, body.size].pack("Cvv")
  [number("LINK_SYNC")].pack("C") + head + [crc16(head)].pack("v") + body + [Zlib.crc32(body)].pack("V")
end

require "zlib"
uid = ["29004a00115033584b373120"].pack("H*")
hello = "\x01".b + "order-7".ljust(32, "\0") + [42, 1].pack("Q<V") + sha256("signet test vector: challenge")
same "hello", hello, v("hello")
same "loader-digest", sha256("signet test vector: loader"), v("loader-digest")
same "prologue", LABELS.fetch("LABEL_HANDSHAKE").b + hello + uid + v("loader-digest"), v("prologue")
words = [0x40022020, 0xfeeff8bb, 0x48000000, 0xaaffffff].pack("V4")
same "claim", [1, 3, 12].pack("C3") + uid + "\x02".b + words + [1280, 3, 9, 0].pack("V4"), v("claim")
patch = [0x08000010, 2].pack("Vv") + "SN"
delivery = "\x01".b + v("content-key") + v("link-key") + v("release-header-digest") + digest +
           [64].pack("V") + v("done-token")[0, 16] + [0x2000c000, 0x08000189].pack("V2") + "\xff".b * 8 + "\x02".b + [0x08000000, 100, 0x08001000, 8].pack("V4") +
           [patch.size].pack("v") + patch
same "delivery", delivery, v("delivery")
first, second, hash, k1, k2 = handshake("Noise_NK_25519_ChaChaPoly_SHA256", nil, v("claim"), delivery)
same "message 1", first, v("message-1")
same "message 2", second, v("message-2")
same "handshake hash", hash, v("handshake-hash")
same "k1", k1, v("transport-k1")
same "k2", k2, v("transport-k2")
chunk = v("chunks")[80..]
same "frame of chunk 1", frame("LINK_DATA", 1, seal_aead(v("link-key"), noise_nonce(1), "", chunk)), v("frame-data")
same "frame want 1", frame("LINK_WANT", 1, ""), v("frame-want")
patched = plain.dup
patched[0x10, 2] = "SN"
installed = sha256(LABELS.fetch("LABEL_IMAGE").b + [0x08000000, 100].pack("VV") + patched[0, 100] +
                   [0x08001000, 8].pack("VV") + patched[100, 8])
same "report", "\x01".b + installed + "\x02".b + words, v("report")
same "report, sealed", seal_aead(k1, noise_nonce(0), "", v("report")), v("report-sealed")
firmware_record = [magic, 1, v("firmware").size].pack("Vvv") + v("firmware")
firmware_record += "\xff".b * (-firmware_record.size % 8)
commit = "\x01".b + [record.size].pack("v") + record + [firmware_record.size].pack("v") + firmware_record
same "commit", commit, v("commit")
same "commit, sealed", seal_aead(k2, noise_nonce(0), "", commit), v("commit-sealed")
same "stage0-secret", sha256("signet test vector: stage-0 secret"), v("stage0-secret")
first, second, hash, = handshake("Noise_NKpsk0_25519_ChaChaPoly_SHA256", v("stage0-secret"), v("claim"), delivery)
same "message 1 with psk", first, v("message-1-psk")
same "message 2 with psk", second, v("message-2-psk")
same "handshake hash with psk", hash, v("handshake-hash-psk")

puts "#{VECTORS.size} vectors, #{$checked} comparisons"
exit 1 unless VECTORS.size >= 58
