# SPDX-License-Identifier: MIT
#
# The judge's side of cose.sh: ruby-cose and ruby's CBOR, which know nothing
# of Signet.  Everything below is written from RFC 8392 and RFC 9052.
require "cbor"
require "cose"
require "digest"
require "openssl"

LABELS = { "credential" => "signet credential v1", "firmware" => "signet firmware v1" }.freeze

def die(text)
  warn "judge: #{text}"
  exit 1
end

# The key with its number.  ruby-cose takes OpenSSL's keys as they are; its own
# key objects cannot be turned into OpenSSL 3's, which are immutable.
def cose_key(path)
  pkey = OpenSSL::PKey.read(File.read(path))
  point = pkey.public_key.to_octet_string(:uncompressed)
  kid = Digest::SHA256.digest(point)[0, 8]
  pkey.define_singleton_method(:kid) { kid }
  pkey
end

# verify KIND PUB FILE: prints the payload's map, one "key value" a line.
def verify(kind, pub, file)
  key = cose_key(pub)
  bytes = File.binread(file)
  tagged = CBOR.decode(bytes)
  die "not tagged as COSE_Sign1" unless tagged.is_a?(CBOR::Tagged) && tagged.tag == 18
  message = COSE::Sign1.deserialize(bytes)
  die "algorithm is not protected" unless message.protected_headers == { 1 => -7 }
  message.verify(key, LABELS.fetch(kind).b)
  CBOR.decode(message.payload).each do |k, v|
    v = v.unpack1("H*") if v.is_a?(String) && v.encoding == Encoding::BINARY
    puts "#{k} #{v.inspect}"
  end
end

# sign KIND KEY FILE [claim=value]: a message of the judge's own making.
def sign(kind, path, file, changes)
  key = cose_key(path)
  payload =
    if kind == "credential"
      { 2 => "lamp", 6 => 1_800_000_000, 7 => "\0\0\0\0\0\0\0\x2a".b,
        -70001 => "\x09\x08\x07\x06\x05\x04\x03\x02\x01\x00\x0a\x0b".b, -70002 => 3,
        -70003 => "batch_2", -70004 => ("\xee" * 32).b, -70005 => "L-42", -70006 => 1 }
    else
      { 1 => "lamp", 2 => "2.1", 3 => 0, 4 => ("\xee" * 32).b, 5 => [[0x08000000, 8192]] }
    end
  changes.each do |change|
    name, value = change.split("=", 2)
    payload[Integer(name)] = value
  end
  message = COSE::Sign1.new(
    protected_headers: { 1 => -7 }, unprotected_headers: { 4 => key.kid },
    payload: CBOR.encode(payload), signature: nil
  )
  tbs = message.send(:verification_data, LABELS.fetch(kind).b)
  der = key.sign(OpenSSL::Digest.new("SHA256"), tbs)
  raw = OpenSSL::ASN1.decode(der).value.map { |i| i.value.to_s(2).rjust(32, "\0".b) }.join
  array = [CBOR.encode({ 1 => -7 }), { 4 => key.kid }, message.payload, raw]
  File.binwrite(file, CBOR.encode(CBOR::Tagged.new(18, array)))
end

case ARGV.shift
when "verify" then verify(*ARGV)
when "sign" then sign(ARGV[0], ARGV[1], ARGV[2], ARGV[3..])
when "kid" then puts cose_key(ARGV[0]).kid.unpack1("H*")
else die "unknown command"
end
