;; A script in text that is asked about the calls of others: what it makes of their variables the first letter of the Call-ID
;; says. Only tests load it. The areas are laid out in `tests/adopted.rs`.
(module
  (memory (export "memory") 2)
  (global $heap (mut i32) (i32.const 65536))

  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
    (global.set $heap (i32.add (local.get $at) (local.get 3)))
    (local.get $at))

  (func (export "strowger:sip/lifecycle@0.1.0#init") (param i32 i32) (result i32) (i32.const @MANIFEST@))

  (func (export "strowger:sip/on-request@0.1.0#handle") (param i32 i32) (result i32) (i32.const @NEXT@))

  (func (export "cabi_post_strowger:sip/on-adopt@0.1.0#adopt") (param i32)
    (global.set $heap (i32.const 65536)))

  ;; name, version, Call-ID and variables, each an address and a length
  (func (export "strowger:sip/on-adopt@0.1.0#adopt")
    (param $name i32) (param $name_length i32) (param $version i32) (param $version_length i32)
    (param $call i32) (param $call_length i32) (param $variables i32) (param $number i32) (result i32)
    (local $do i32)
    (local.set $do (i32.load8_u (local.get $call)))
    ;; s: they stay as they are
    (if (i32.eq (local.get $do) (i32.const 115)) (then (return (i32.const @STAY@))))
    ;; r: these in their place
    (if (i32.eq (local.get $do) (i32.const 114)) (then (return (i32.const @RENAMED@))))
    ;; n: none
    (if (i32.eq (local.get $do) (i32.const 110)) (then (return (i32.const @NONE@))))
    ;; f: a fault
    (if (i32.eq (local.get $do) (i32.const 102)) (then (return (i32.const @FAULT@))))
    ;; e, d, t: one without a name, one that is there twice, one that is too long; m: too many
    (if (i32.eq (local.get $do) (i32.const 101)) (then (return (i32.const @EMPTY@))))
    (if (i32.eq (local.get $do) (i32.const 100)) (then (return (i32.const @TWICE@))))
    (if (i32.eq (local.get $do) (i32.const 116)) (then (return (i32.const @LONG@))))
    (if (i32.eq (local.get $do) (i32.const 109)) (then (return (i32.const @MANY@))))
    ;; l: loops for ever
    (if (i32.eq (local.get $do) (i32.const 108)) (then (loop $l (br $l))))
    ;; w: who had the call, as a variable: the version under the name
    (if (i32.eq (local.get $do) (i32.const 119)) (then
      (i32.store (i32.const 512) (local.get $name))
      (i32.store (i32.const 516) (local.get $name_length))
      (i32.store (i32.const 520) (local.get $version))
      (i32.store (i32.const 524) (local.get $version_length))
      (i32.store (i32.const 544) (i32.const 0))
      (i32.store (i32.const 548) (i32.const 1))
      (i32.store (i32.const 552) (i32.const 512))
      (i32.store (i32.const 556) (i32.const 1))
      (return (i32.const 544))))
    ;; b: what it was given comes back
    (if (i32.eq (local.get $do) (i32.const 98)) (then
      (i32.store (i32.const 544) (i32.const 0))
      (i32.store (i32.const 548) (i32.const 1))
      (i32.store (i32.const 552) (local.get $variables))
      (i32.store (i32.const 556) (local.get $number))
      (return (i32.const 544))))
    (unreachable))

@DATA@
)
