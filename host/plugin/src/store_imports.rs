//! The host's side of `strowger:location` and `strowger:store`: what is kept for a script, bindings and rows of a table.
//!
//! In: questions in the contract's types. Out: what [`crate::Services`] answers, in the same; changes of bindings take place
//! only with the decision. What a REGISTER does is for `Services`.

use std::time::Duration;

use crate::bindings::strowger::location::registrar;
use crate::bindings::strowger::store::key_value;
use crate::imports::Hosted;
use crate::limits::{MAX_ADDRESS_OF_RECORD, MAX_KEY, MAX_VALUE};
use crate::services::{PutRefusal, Refusal, RegistrationLimits};

impl registrar::Host for Hosted {
    fn register(
        &mut self,
        address_of_record: String,
        limits: registrar::Limits,
    ) -> wasmtime::Result<Result<registrar::Registration, registrar::Refusal>> {
        self.subject()?;
        if address_of_record.len() > MAX_ADDRESS_OF_RECORD {
            return Ok(Err(registrar::Refusal::Malformed));
        }
        let limits = RegistrationLimits {
            min_expires: limits.min_expires,
            max_expires: limits.max_expires,
            default_expires: limits.default_expires,
            max_bindings: limits.max_bindings,
        };
        Ok(match self.ask(|services, asking| services.register(asking, &address_of_record, &limits)) {
            Ok((registration, staged)) => {
                self.bindings.extend(staged);
                Ok(registrar::Registration {
                    contacts: registration.contacts,
                    outbound: registration.outbound,
                })
            }
            Err(refusal) => Err(match refusal {
                Refusal::TooBrief(least) => registrar::Refusal::TooBrief(least),
                Refusal::TooMany => registrar::Refusal::TooMany,
                Refusal::Malformed => registrar::Refusal::Malformed,
                Refusal::OutOfOrder => registrar::Refusal::OutOfOrder,
                Refusal::Unavailable => registrar::Refusal::Unavailable,
            }),
        })
    }

    fn withdraw(&mut self) -> wasmtime::Result<()> {
        self.bindings.clear();
        Ok(())
    }

    fn is_registered(&mut self, address_of_record: String) -> wasmtime::Result<bool> {
        Ok(address_of_record.len() <= MAX_ADDRESS_OF_RECORD
            && self.ask(|services, asking| services.is_registered(asking, &address_of_record)))
    }

    fn is_registered_here(&mut self, address_of_record: String) -> wasmtime::Result<bool> {
        self.subject()?;
        Ok(address_of_record.len() <= MAX_ADDRESS_OF_RECORD
            && self.ask(|services, asking| services.is_registered_here(asking, &address_of_record)))
    }

    fn lookup(&mut self, address_of_record: String) -> wasmtime::Result<Vec<registrar::Binding>> {
        if address_of_record.len() > MAX_ADDRESS_OF_RECORD {
            return Ok(Vec::new());
        }
        let found = self.ask(|services, asking| services.lookup(asking, &address_of_record));
        let binding = |binding: crate::Binding| registrar::Binding {
            uri: binding.uri,
            q: binding.q,
            expires: binding.expires,
            path: binding.path,
            parameters: binding.parameters,
        };
        Ok(found.into_iter().map(binding).collect())
    }

    fn remove(&mut self, address_of_record: String) -> wasmtime::Result<u32> {
        if address_of_record.len() > MAX_ADDRESS_OF_RECORD {
            return Ok(0);
        }
        let (removed, staged) = self.ask(|services, asking| services.remove(asking, &address_of_record));
        self.bindings.extend(staged);
        Ok(removed)
    }
}

impl key_value::Host for Hosted {
    fn get(&mut self, key: String) -> wasmtime::Result<Option<key_value::Entry>> {
        if key.len() > MAX_KEY {
            return Ok(None);
        }
        let found = self.ask(|services, asking| services.get(asking, &key));
        Ok(found.map(|entry| key_value::Entry { value: entry.value, revision: entry.revision }))
    }

    fn put(
        &mut self,
        key: String,
        value: Vec<u8>,
        lifetime_ms: u64,
        expected: Option<u64>,
    ) -> wasmtime::Result<Result<u64, key_value::Refusal>> {
        if key.len() > MAX_KEY || value.len() > MAX_VALUE {
            return Ok(Err(key_value::Refusal::TooLarge));
        }
        let lifetime = (lifetime_ms > 0).then(|| Duration::from_millis(lifetime_ms));
        let put = self.ask(|services, asking| services.put(asking, &key, value, lifetime, expected));
        Ok(put.map_err(|refusal| match refusal {
            PutRefusal::Conflict(revision) => key_value::Refusal::Conflict(revision),
            PutRefusal::TooLarge => key_value::Refusal::TooLarge,
        }))
    }

    fn delete(&mut self, key: String) -> wasmtime::Result<bool> {
        Ok(key.len() <= MAX_KEY && self.ask(|services, asking| services.delete(asking, &key)))
    }

    fn settle(&mut self) -> wasmtime::Result<()> {
        let waits = self.ask(|services, asking| services.settle(asking));
        self.effects_mut().staged.extend(waits);
        Ok(())
    }
}
