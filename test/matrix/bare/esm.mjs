// The root entry for a user in ESM who has none of the optional peers.
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import * as breaker from 'nestjs-breaker';
import { tryBare } from './try-bare.cjs';

await tryBare(Module, NestFactory, breaker);
